import { concatBytes } from "../../base/bytes.ts";
import {
  BODY_PIECE_BYTES,
  encodeFrame,
  type Frame,
  type FrameKind,
  type ReceivedFrame,
  frameParts,
  textFrame,
} from "../frames.ts";
import { calledPlugin, failureTexts, type LoadMessage } from "../messages.ts";
import { Guest, type Office } from "./guest.ts";
import { createInstance, type Instance } from "./instance.ts";
import { type DataFormats, mentionsFormats } from "./formats.ts";

/** The pipe to the parent. */
export interface Pipe {
  write(bytes: Uint8Array): void;
  /** Waits for the reply to an operation; undefined when the parent has gone. */
  replyTo(id: number): Frame | undefined;
}

/** A plugin that is loaded here. */
interface Seat {
  readonly instance: Instance;
  readonly guest: Guest;
}

const NO_BYTES = new Uint8Array();

/** Every plugin of this child. Frames are gathered and written once a turn. */
export class Seats implements Office {
  readonly #pipe: Pipe;
  readonly #seats = new Map<number, Seat>();
  /** Which plugin an operation belongs to. */
  readonly #operations = new Map<number, number>();
  #out: Uint8Array[] = [];
  #outBytes = 0;
  #lastOperation = 0;
  #formats: DataFormats | undefined;
  #ready: { readonly memoryMb: number; readonly instance: Instance } | undefined;

  constructor(pipe: Pipe) {
    this.#pipe = pipe;
  }

  /** Makes an instance ahead of the plugin it will be for, and tells the parent that it is there. */
  async prepare(memoryMb: number): Promise<void> {
    const instance = await createInstance(memoryMb);
    this.#ready = { memoryMb, instance };
    this.#pipe.write(encodeFrame(textFrame("hello", 0, { isRestored: instance.isRestored })));
  }

  /** Adds a frame to what goes out at the end of this turn. */
  send(kind: FrameKind, id: number, json: string | Uint8Array, bytes: Uint8Array = NO_BYTES): void {
    const [head = NO_BYTES, apart] = frameParts({ kind, id, json, bytes });
    this.#out.push(head);
    this.#outBytes += head.byteLength;
    // A plugin may say much in one turn, and it must not lie here meanwhile.
    if (apart !== undefined || this.#outBytes > BODY_PIECE_BYTES) this.#write();
    if (apart !== undefined) this.#pipe.write(apart);
  }

  /** Sends content as pieces that belong to the result with the same id. */
  sendPieces(id: number, content: Uint8Array): void {
    for (let at = 0; at < content.byteLength; at += BODY_PIECE_BYTES) {
      this.send("body", id, "", content.subarray(at, at + BODY_PIECE_BYTES));
    }
  }

  /** Starts an operation of plugin `pluginId` and returns its number. */
  operate(pluginId: number, json: string, bytes: Uint8Array): number {
    this.#lastOperation += 1;
    this.#operations.set(this.#lastOperation, pluginId);
    this.send("op", this.#lastOperation, json, bytes);
    return this.#lastOperation;
  }

  /** Starts an operation and waits for its reply, without giving back control. */
  operateNow(pluginId: number, json: string): Frame {
    const startedMs = performance.now();
    const id = this.operate(pluginId, json, NO_BYTES);
    this.#operations.delete(id);
    this.#write();
    const reply = this.#pipe.replyTo(id);
    if (reply === undefined) throw new Error("weir has gone");
    this.#seats.get(pluginId)?.instance.pauseClock(performance.now() - startedMs);
    return reply;
  }

  /** Does what one frame of the parent asks for. */
  take(frame: ReceivedFrame): Promise<void> | undefined {
    const { kind, id, bytes } = frame;
    // The parent is not hostile: what it sends has the form of messages.ts.
    if (kind === "load") return this.#load(JSON.parse(frame.json) as LoadMessage, id, bytes);
    if (kind === "call") this.#call(frame);
    else if (kind === "reply") this.#reply(id, frame.json, bytes);
    else if (kind === "cancel") this.#seats.delete(id);
    return undefined;
  }

  /** Writes what this turn has to say, and that the frame of this number is worked off. */
  flush(count: number): void {
    for (const { guest } of this.#seats.values()) guest.endTurn();
    this.send("ping", count, "");
    this.#write();
  }

  /** Reports a fault of the child itself. */
  complain(message: string): void {
    this.send("log", 0, JSON.stringify([0, 3, `sandbox: ${message}`]));
  }

  #write(): void {
    const out = this.#out;
    this.#out = [];
    this.#outBytes = 0;
    if (out.length > 0) this.#pipe.write(concatBytes(out));
  }

  async #load(message: LoadMessage, callId: number, source: Uint8Array): Promise<void> {
    const text = new TextDecoder().decode(source);
    if (mentionsFormats(text)) await this.#loadFormats();
    const seat = await this.#start(message, callId, text);
    if (!seat.guest.lacksFormats) return;
    // Nothing of the plugin has run yet: the engine asks for all sources first.
    this.#seats.delete(message.plugin);
    await this.#loadFormats();
    await this.#start(message, callId, text);
  }

  async #loadFormats(): Promise<void> {
    this.#formats ??= (await import("./oq.ts")).formats;
  }

  async #start(message: LoadMessage, callId: number, main: string): Promise<Seat> {
    const { plugin, memoryMb, deadlineMs, settings } = message;
    const guest = new Guest(plugin, this, { name: message.main, source: main }, this.#formats);
    const instance = await this.#instance(memoryMb);
    instance.take({ port: guest, deadlineMs });
    const seat = { instance, guest };
    this.#seats.set(plugin, seat);
    guest.open(callId);
    instance.load(callId, message.main, JSON.stringify(settings));
    if (!guest.lacksFormats) this.#check(plugin, seat);
    return seat;
  }

  /** Returns the instance that was made ahead, if it has the memory that is wanted. */
  async #instance(memoryMb: number): Promise<Instance> {
    const ready = this.#ready;
    this.#ready = undefined;
    if (ready?.memoryMb === memoryMb) return ready.instance;
    return await createInstance(memoryMb);
  }

  #call({ id: callId, utf8, bytes: body }: ReceivedFrame): void {
    const plugin = calledPlugin(utf8);
    const seat = this.#seats.get(plugin);
    if (seat === undefined) return this.#fail(callId, "gone", "The plugin is not loaded");
    seat.guest.open(callId, body);
    seat.instance.dispatch(callId, utf8, seat.guest.textOf(body));
    this.#check(plugin, seat);
  }

  #reply(id: number, json: string, bytes: Uint8Array): void {
    const plugin = this.#operations.get(id);
    this.#operations.delete(id);
    const seat = plugin === undefined ? undefined : this.#seats.get(plugin);
    if (plugin === undefined || seat === undefined) return;
    // As in take(): the parent's own words.
    const { isGood, body, value } = JSON.parse(json) as {
      readonly isGood: boolean;
      readonly body: "none" | "text" | "bytes";
      readonly value: unknown;
    };
    const content = body === "text" ? { utf8: bytes } : bytes;
    const text = JSON.stringify(value ?? null);
    seat.instance.deliver(id, isGood, text, body === "none" ? undefined : content);
    this.#check(plugin, seat);
  }

  /** Reports the calls of an instance that came to its end, and lets go of it. */
  #check(plugin: number, { instance, guest }: Seat): void {
    const { fault } = instance;
    if (fault === undefined) return;
    this.#seats.delete(plugin);
    // At least one error, also when nobody waits: the parent has to know that the plugin is gone.
    for (const callId of guest.openCalls().concat(0)) {
      const failure = { ...failureTexts(fault), plugin, isFatal: true };
      this.send("error", callId, JSON.stringify(failure));
    }
  }

  #fail(callId: number, code: string, message: string): void {
    this.send("error", callId, JSON.stringify({ code, message }));
  }
}
