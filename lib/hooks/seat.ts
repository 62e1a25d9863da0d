import { concatBytes } from "../base/bytes.ts";
import { messageOf, WeirError } from "../base/errors.ts";
import { BODY_PIECE_BYTES, broken, type Frame, textFrame } from "./frames.ts";
import type { ChildLink, LinkEnd } from "./link.ts";
import {
  callText,
  type GuestSettings,
  type LoadMessage,
  type Operation,
  type RawFailure,
  type RawResult,
  readFailure,
  readOperation,
  readResult,
} from "./messages.ts";
import type { PluginLimits } from "./limits.ts";

/** Answer to an operation; the bytes go to the guest as text or as they are. */
export interface OperationAnswer {
  readonly value?: unknown;
  readonly body?: { readonly kind: "text" | "bytes"; readonly bytes: Uint8Array } | undefined;
}

/** Does what a plugin asks for; a throw becomes an error inside the plugin. */
export type Operate = (operation: Operation, bytes: Uint8Array) => Promise<OperationAnswer>;

/** A handler call as the seat is asked for it. */
export interface SeatCall {
  readonly handler: number;
  /** Whatever JSON can say. */
  readonly event: unknown;
  readonly context: unknown;
  /** A small body, sent along; a larger one is asked for by an operation. Without bytes: none. */
  readonly body?: Uint8Array | undefined;
  readonly timeoutMs: number | undefined;
  /** Told the number of the call before it runs, by which operations refer to it. */
  readonly onStart?: ((callId: number) => void) | undefined;
}

/** What a seat is made for. */
export interface SeatPlan {
  readonly id: number;
  readonly main: string;
  readonly limits: PluginLimits;
  readonly source: () => Promise<Uint8Array>;
  readonly settings: () => GuestSettings;
  readonly operate: Operate;
}

/** What a seat needs of the sandbox. */
export interface SeatOffice {
  /** Returns a child for the plugin: a shared one, or one of its own. */
  link(isOwn: boolean): ChildLink;
  nextCallId(): number;
  after(delayMs: number, task: () => void): () => void;
}

/** Why a call of a plugin came to nothing. */
export class SeatFailure extends Error {
  readonly failure: RawFailure;

  constructor(failure: RawFailure) {
    super(failure.message);
    this.name = "SeatFailure";
    this.failure = failure;
  }
}

/** A call under way. */
interface Pending {
  readonly post: (link: ChildLink) => void;
  readonly resolve: (result: RawResult) => void;
  readonly reject: (error: Error) => void;
  readonly pieces: Uint8Array[];
  /** False for a load, which belongs to its child, and for what was replayed once. */
  isReplayable: boolean;
  heldBytes: number;
  hasOperated: boolean;
}

/** Operations of one plugin under way at once, for each call that is under way. */
const OPERATION_LIMIT = 64;

const NO_BYTES = new Uint8Array();

/** Operations that hold nothing: a plugin may ask for any number of them in one turn. */
const AT_ONCE = new Set(["store", "close-client"]);

/** What a seat waits for before it is unloaded: work that a handler left behind. */
const WAITED_FOR = new Set(["http", "timer"]);

/** One plugin and the child it sits in. Every frame that concerns it comes through here. */
export class Seat {
  readonly #plan: SeatPlan;
  readonly #office: SeatOffice;
  readonly #pending = new Map<number, Pending>();
  #limits: PluginLimits;
  #link: ChildLink | undefined;
  #loaded: Promise<RawResult> | undefined;
  /** True once the plugin had to be stopped: from then on it gets a child of its own. */
  #isOwn = false;
  /** True while the child it sits in is its own. */
  #isAlone = false;
  #operations = 0;
  #waitedFor = 0;
  #idle: (() => void)[] = [];

  constructor(plan: SeatPlan, office: SeatOffice) {
    this.#plan = plan;
    this.#office = office;
    this.#limits = plan.limits;
  }

  /** Number of the plugin in frames. */
  get id(): number {
    return this.#plan.id;
  }

  /** Loads the plugin unless it is loaded; returns what its main module came to. */
  load(): Promise<RawResult> {
    this.#loaded ??= this.#load().catch((error: unknown) => {
      this.#loaded = undefined;
      throw error;
    });
    return this.#loaded;
  }

  /** Changes the limits; memory and deadline hold from the next load on, which happens at need. */
  limit(limits: PluginLimits): void {
    const before = this.#limits;
    this.#limits = limits;
    const isSame = before.memoryMb === limits.memoryMb && before.deadlineMs === limits.deadlineMs;
    if (!isSame) this.#drop();
  }

  /** Runs a handler. Throws SeatFailure when it fails. */
  async call(call: SeatCall): Promise<RawResult> {
    await this.load();
    const { handler, event, context, body } = call;
    const isEmpty = body?.byteLength === 0;
    const json = callText({ plugin: this.id, handler, event, context, isEmpty });
    return await this.#begin((callId) => {
      call.onStart?.(callId);
      return { kind: "call", id: callId, json, bytes: body ?? NO_BYTES };
    }, call.timeoutMs);
  }

  /** Resolves when what is under way now is done; its answers may have made the plugin ask for more. */
  settled(): Promise<void> {
    if (this.#waitedFor === 0) return this.#link?.idle() ?? Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** True while the plugin waits for nothing. */
  get isSettled(): boolean {
    return this.#waitedFor === 0 && this.#link?.isIdle !== false;
  }

  /** Takes a frame of `link` that concerns this plugin. */
  take(frame: Frame, link: ChildLink): void {
    if (link !== this.#link) return;
    if (frame.kind === "op") return this.#operate(frame, link);
    const pending = this.#pending.get(frame.id);
    if (frame.kind === "error" && this.#isFatal(frame)) return;
    if (pending === undefined) return;
    if (frame.kind === "body") return this.#addPiece(pending, frame);
    // Read before anything is forgotten: a frame that cannot be read ends the child, and the call
    // has to be there to fail with it.
    if (frame.kind === "result") {
      const result = readResult(frame, concatBytes(pending.pieces));
      this.#pending.delete(frame.id);
      return pending.resolve(result);
    }
    const failure = readFailure(frame);
    this.#pending.delete(frame.id);
    pending.reject(new SeatFailure(failure));
  }

  /** Says whether a call is this plugin's. */
  owns(callId: number): boolean {
    return this.#pending.has(callId);
  }

  /** Deals with the end of `link`: fails what cannot be asked again, and asks the rest elsewhere. */
  lose(link: ChildLink, end: LinkEnd): void {
    if (link !== this.#link) return;
    const isCulprit = end.plugin === this.id;
    if (isCulprit) this.#isOwn = true;
    this.#unseat();
    const lost = [...this.#pending];
    this.#pending.clear();
    for (const [callId, pending] of lost) {
      if (isCulprit) pending.reject(failureOf(this.id, "hang", end.error.message));
      else if (end.reason !== "closed" && pending.isReplayable && !pending.hasOperated) {
        this.#replay(callId, pending);
      } else {
        const message = end.plugin === undefined ? end.error.message : RESTARTED;
        pending.reject(failureOf(this.id, "gone", message));
      }
    }
  }

  /** Ends an own child and forgets the plugin. */
  close(): void {
    this.#drop();
    for (const pending of this.#pending.values()) {
      pending.reject(failureOf(this.id, "gone", "The plugin was unloaded"));
    }
    this.#pending.clear();
  }

  async #load(): Promise<RawResult> {
    const source = await this.#plan.source();
    const link = this.#office.link(this.#isOwn);
    this.#link = link;
    this.#isAlone = this.#isOwn;
    const message: LoadMessage = {
      plugin: this.id,
      main: this.#plan.main,
      memoryMb: this.#limits.memoryMb,
      deadlineMs: this.#limits.deadlineMs,
      settings: this.#plan.settings(),
    };
    const json = JSON.stringify(message);
    const { timeoutMs } = this.#limits;
    const frame = (id: number): Frame => ({ kind: "load", id, json, bytes: source });
    // The time that the child and the engine take to start is not the plugin's.
    return await this.#begin(frame, timeoutMs === undefined ? undefined : timeoutMs + LOAD_MS);
  }

  /** Sends the frame of a new call and returns the promise of its result. */
  #begin(make: (id: number) => Frame, timeoutMs: number | undefined): Promise<RawResult> {
    const callId = this.#office.nextCallId();
    const frame = make(callId);
    return new Promise((resolve, reject) => {
      const stop =
        timeoutMs === undefined
          ? () => undefined
          : this.#office.after(timeoutMs, () => this.#expire(callId, timeoutMs));
      const extraMs = frame.kind === "load" ? LOAD_MS : 0;
      const pending: Pending = {
        post: (link) =>
          link.send(frame, {
            plugin: this.id,
            deadlineMs: this.#limits.deadlineMs + extraMs,
          }),
        resolve: (result) => {
          stop();
          resolve(result);
        },
        reject: (error) => {
          stop();
          reject(error);
        },
        pieces: [],
        isReplayable: frame.kind === "call",
        heldBytes: 0,
        hasOperated: false,
      };
      this.#pending.set(callId, pending);
      if (this.#link !== undefined) pending.post(this.#link);
    });
  }

  #replay(callId: number, pending: Pending): void {
    pending.isReplayable = false;
    pending.pieces.length = 0;
    pending.heldBytes = 0;
    this.#pending.set(callId, pending);
    this.load().then(
      () => {
        if (this.#link !== undefined && this.#pending.has(callId)) pending.post(this.#link);
      },
      (error: unknown) => {
        this.#pending.delete(callId);
        pending.reject(error instanceof Error ? error : new Error(messageOf(error)));
      },
    );
  }

  /** A promise that never settles is stopped here: nothing inside the child would ever see it. */
  #expire(callId: number, timeoutMs: number): void {
    const pending = this.#pending.get(callId);
    if (pending === undefined) return;
    this.#pending.delete(callId);
    pending.reject(failureOf(this.id, "timeout", `was not done within ${timeoutMs} ms`));
    this.#isOwn = true;
    this.#drop();
    for (const other of this.#pending.values()) {
      other.reject(failureOf(this.id, "gone", RESTARTED));
    }
    this.#pending.clear();
  }

  /** Reads an error frame that ends the whole instance; returns false for one of a single call. */
  #isFatal(frame: Frame): boolean {
    const failure = readFailure(frame);
    if (!failure.isFatal) return false;
    this.#isOwn = true;
    this.#drop();
    const lost = [...this.#pending.values()];
    this.#pending.clear();
    for (const pending of lost) pending.reject(new SeatFailure(failure));
    return true;
  }

  #addPiece(pending: Pending, frame: Frame): void {
    pending.heldBytes += Math.min(frame.bytes.byteLength, BODY_PIECE_BYTES);
    const capBytes = this.#limits.memoryMb * 1024 * 1024;
    if (pending.heldBytes > capBytes) throw broken("is more body than the plugin has memory");
    pending.pieces.push(frame.bytes);
  }

  #operate(frame: Frame, link: ChildLink): void {
    const operation = readOperation(frame);
    for (const pending of this.#pending.values()) pending.hasOperated = true;
    const isWaitedFor = WAITED_FOR.has(operation.name);
    const weight = AT_ONCE.has(operation.name) ? 0 : 1;
    this.#operations += weight;
    if (isWaitedFor) this.#waitedFor += 1;
    const work =
      this.#operations > OPERATION_LIMIT * Math.max(1, this.#pending.size) && weight > 0
        ? Promise.reject(new WeirError("HOOK_FAILED", "Too many operations at once"))
        : this.#plan.operate(operation, frame.bytes);
    void work
      .then(
        (answer) => this.#reply(frame.id, operation, link, answer),
        (error: unknown) => this.#refuse(frame.id, operation, link, error),
      )
      .finally(() => {
        this.#operations -= weight;
        if (isWaitedFor) this.#leave();
      });
  }

  #leave(): void {
    this.#waitedFor -= 1;
    if (this.#waitedFor > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #reply(id: number, operation: Operation, link: ChildLink, answer: OperationAnswer): void {
    const { value, body } = answer;
    const json = JSON.stringify({ isGood: true, body: body?.kind ?? "none", value });
    const frame: Frame = { kind: "reply", id, json, bytes: body?.bytes ?? new Uint8Array() };
    this.#answer(operation, link, frame);
  }

  #refuse(id: number, operation: Operation, link: ChildLink, error: unknown): void {
    const code = error instanceof WeirError ? error.code : undefined;
    const value = { message: messageOf(error), code };
    this.#answer(operation, link, textFrame("reply", id, { isGood: false, body: "none", value }));
  }

  #answer(operation: Operation, link: ChildLink, frame: Frame): void {
    if (link !== this.#link) return;
    // The child stands still until these are answered.
    if (operation.name === "module" || operation.name === "secret") return link.answerNow(frame);
    link.send(frame, { plugin: this.id, deadlineMs: this.#limits.deadlineMs });
  }

  /** Leaves the child, which forgets the plugin; one that had it alone is ended. */
  #drop(): void {
    const link = this.#link;
    this.#unseat();
    if (link === undefined || link.isEnded) return;
    if (this.#isAlone) return link.close();
    const work = { plugin: this.id, deadlineMs: this.#limits.deadlineMs };
    link.send(textFrame("cancel", this.id, null), work);
  }

  #unseat(): void {
    this.#link = undefined;
    this.#loaded = undefined;
  }
}

/** An engine takes this long to make on a busy machine, before the plugin itself runs. */
const LOAD_MS = 5000;

const RESTARTED = "was at work when another plugin made the sandbox start anew";

function failureOf(plugin: number, code: string, message: string): SeatFailure {
  return new SeatFailure({ code, name: "", message, stack: "", isFatal: true, plugin });
}
