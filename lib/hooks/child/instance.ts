import { posix } from "node:path";
import type { QuickJSContext, QuickJSHandle } from "quickjs-emscripten";
import body from "../guest/body.js" with { type: "text" };
import core from "../guest/core.js" with { type: "text" };
import failure from "../guest/failure.js" with { type: "text" };
import http from "../guest/http.js" with { type: "text" };
import lists from "../guest/lists.js" with { type: "text" };
import result from "../guest/result.js" with { type: "text" };
import store from "../guest/store.js" with { type: "text" };
import tools from "../guest/tools.js" with { type: "text" };
import web from "../guest/web.js" with { type: "text" };
import { readBuilt } from "../../runtime/assets.ts";
import { failureTexts } from "../messages.ts";
import {
  bytesOut,
  createEngine,
  type Engine,
  newText,
  pointersOf,
  textIn,
  textOut,
  utf8Out,
  valueAt,
} from "./engine.ts";
import { decodeSnapshot, encodeSnapshot, type Snapshot, snapshotOf } from "./snapshot.ts";

/** Fault that ends an instance; the plugin has to be loaded anew, elsewhere. */
export interface Fault {
  readonly code: "deadline" | "memory" | "engine";
  readonly message: string;
  readonly stack?: string | undefined;
}

/** What one plugin may ask of the child; implemented by `Guest`. */
export interface GuestPort {
  /** Handles one call of the function `host` of the guest. */
  call(name: string, id: number, text: string, body: Uint8Array | undefined): GuestAnswer;
  /** Takes what a call came to: the JSON of its result, empty when it returned nothing. */
  finish(callId: number, utf8: Uint8Array): void;
  /** Returns the source of a module by its path in the plugin's folder; throws when there is none. */
  source(path: string): string;
}

/** Sources of the guest's own parts. */
const PARTS = new Map([
  ["body", body],
  ["failure", failure],
  ["result", result],
  ["lists", lists],
  ["store", store],
  ["http", http],
  ["tools", tools],
  ["web", web],
]);

/** Functions that the bootstrap gives. */
const ENTRIES = ["load", "dispatch", "deliver", "prepare"];

/** What the guest's function `host` returns; bytes of text become text inside. */
export type GuestAnswer = string | number | Uint8Array | { readonly utf8: Uint8Array } | undefined;

/** What an instance needs to know of its plugin. */
export interface InstanceOptions {
  readonly port: GuestPort;
  /** Milliseconds the plugin may run without giving back control. */
  readonly deadlineMs: number;
}

const OUT_OF_MEMORY = "ran out of memory";

/** The engine says "null" when it has no memory left to describe its error. */
function faultOf(message: string, stack?: string): Fault {
  if (!/memory|null/i.test(message)) return { code: "engine", message, stack };
  return { code: "memory", message: OUT_OF_MEMORY, stack };
}

/** Returns a part without indentation and lines of comment: the cold engine reads each byte slowly. */
function withoutNotes(source: string): string {
  return source.replaceAll(/^[ \t]*(?:(?:\/\/|\/\*\*|\* ).*\n|\*\/\n)?/gm, "");
}

/** Jobs run between two looks at the clock. */
const JOBS_A_SLICE = 100;

/** One plugin in its own engine. After a fault it must not be used again, not even to be disposed. */
export class Instance {
  readonly #engine: Engine;
  #port: GuestPort | undefined;
  #deadlineMs = Infinity;
  #deadlineAtMs = Infinity;
  #isInterrupted = false;
  /** Promises of the calls under way. The engine says what became of one, which takes less than half
   * the time of a call from inside to the host. */
  readonly #calls = new Map<number, QuickJSHandle>();
  /** The functions that the bootstrap gave, by name. */
  #entries: Readonly<Record<string, QuickJSHandle>> = {};
  #fault: Fault | undefined;

  /** Makes an instance that is nobody's yet: all that does not depend on the plugin is done here. */
  constructor(engine: Engine) {
    this.#engine = engine;
    engine.runtime.setInterruptHandler(() => {
      this.#isInterrupted = performance.now() > this.#deadlineAtMs;
      return this.#isInterrupted;
    });
    engine.runtime.setModuleLoader((name) => this.#loadModule(name), joinSpecifier);
    const { snapshot } = engine;
    this.#turn(() => (snapshot === undefined ? this.#start() : this.#resume(snapshot)));
    // All are in the snapshot: what a plugin does to the globals has to reach none of them here either.
    if (snapshot === undefined) this.#invoke("prepare", [[...PARTS.keys()].join(" ")]);
  }

  /** True when it went on from a snapshot. */
  get isRestored(): boolean {
    return this.#engine.snapshot !== undefined;
  }

  /** Returns the snapshot of an instance that nobody has; `twin` is another one. */
  freeze(twin: Instance): Snapshot {
    const pointers = pointersOf(this.#engine, this.#entries);
    return snapshotOf(pointers, this.#engine.memory, twin.#engine.memory);
  }

  /** Returns what ended the instance, undefined while it lives. */
  get fault(): Fault | undefined {
    return this.#fault;
  }

  /** Gives the instance to a plugin. */
  take({ port, deadlineMs }: InstanceOptions): void {
    this.#port = port;
    this.#deadlineMs = deadlineMs;
  }

  /** Loads the main module; its result or failure comes through the port. */
  load(callId: number, main: string, settings: string): void {
    this.#invoke("load", [callId, `./${main}`, settings], callId);
  }

  /**
   * Runs the handler that a call is for; its result or failure comes through the port.
   *
   * @param body its body as text, for a plugin that is known to read it
   */
  dispatch(callId: number, utf8: Uint8Array, body: GuestAnswer): void {
    this.#invoke("dispatch", [callId, { utf8 }, body], callId);
  }

  /** Hands over the answer to an operation. */
  deliver(opId: number, isGood: boolean, json: string, body: GuestAnswer): void {
    this.#invoke("deliver", [opId, isGood, json, body]);
  }

  /** Gives the plugin as much more time as it waited for the parent without running. */
  pauseClock(waitedMs: number): void {
    this.#deadlineAtMs += waitedMs;
  }

  #start(): void {
    const { context } = this.#engine;
    const bootstrap = context.unwrapResult(context.evalCode(withoutNotes(core), "weir:core"));
    const host = context.newFunction("host", this.#host);
    const entry = context.unwrapResult(context.callFunction(bootstrap, context.undefined, host));
    this.#entries = Object.fromEntries(ENTRIES.map((name) => [name, context.getProp(entry, name)]));
    for (const handle of [bootstrap, host, entry]) handle.dispose();
  }

  #resume({ pointers }: Snapshot): void {
    // Numbered from the same start, as the only one.
    this.#engine.runtime.hostRefs.put(this.#host);
    this.#entries = Object.fromEntries(
      Object.entries(pointers.values).map(([name, at]) => [name, valueAt(this.#engine, at)]),
    );
  }

  readonly #host = (...args: readonly (QuickJSHandle | undefined)[]): QuickJSHandle => {
    const { context } = this.#engine;
    const [nameHandle, id, textHandle, body] = args;
    const name = nameHandle === undefined ? "" : context.getString(nameHandle);
    const text = textHandle === undefined ? "" : textOut(context, textHandle);
    const source = name === "part" ? PARTS.get(text) : undefined;
    if (source !== undefined)
      return context.unwrapResult(context.evalCode(withoutNotes(source), `weir:${text}`));
    if (name === "failure" && this.#isLast(text)) return context.undefined;
    const number = id === undefined ? 0 : context.getNumber(id);
    const content = body === undefined ? undefined : contentOf(context, body);
    return this.#toGuest(this.#port?.call(name, number, text, content));
  };

  #toGuest(value: GuestAnswer | boolean): QuickJSHandle {
    const { context } = this.#engine;
    if (value === undefined) return context.undefined;
    if (typeof value === "string") return newText(context, value);
    if (typeof value === "number") return context.newNumber(value);
    if (typeof value === "boolean") return value ? context.true : context.false;
    if ("utf8" in value) return textIn(context, value.utf8);
    return context.newArrayBuffer(Uint8Array.from(value).buffer);
  }

  #loadModule(path: string): string | { error: Error } {
    try {
      return this.#port?.source(path) ?? "";
    } catch (error) {
      return { error: error instanceof Error ? error : new Error(String(error)) };
    }
  }

  #invoke(name: string, args: readonly (GuestAnswer | boolean)[], callId?: number): void {
    this.#turn(() => {
      const { context } = this.#engine;
      const task = this.#entries[name];
      if (task === undefined) return;
      const handles = args.map((value) => this.#toGuest(value));
      const result = context.callFunction(task, context.undefined, ...handles);
      for (const handle of handles) handle.dispose();
      if (result.error === undefined && callId !== undefined) this.#calls.set(callId, result.value);
      else this.#settle(result);
    });
  }

  /** Hands over what the calls have come to. */
  #collect(): void {
    const { context } = this.#engine;
    for (const [callId, promise] of this.#calls) {
      const state = context.getPromiseState(promise);
      if (state.type === "pending") continue;
      this.#calls.delete(callId);
      promise.dispose();
      // The bootstrap catches what a plugin throws: this is what could not be caught.
      if (state.type === "rejected") return this.#noteUncaught(state.error);
      // A handler that caught its interruption is too late all the same.
      if (!this.#isInterrupted) this.#port?.finish(callId, utf8Out(context, state.value));
      state.value.dispose();
    }
  }

  /** Looks at what a call or job left behind; an error here is one the guest could not catch. */
  #settle(result: { readonly error?: QuickJSHandle | undefined; dispose(): void }): void {
    if (result.error !== undefined) this.#noteUncaught(result.error);
    result.dispose();
  }

  #noteUncaught(error: QuickJSHandle): void {
    const { context } = this.#engine;
    const read = (key: string): string =>
      context.getProp(error, key).consume((handle) => context.getString(handle));
    const isObject = context.typeof(error) === "object";
    const message = isObject ? read("message") : context.getString(error);
    const stack = isObject ? read("stack") : "";
    this.#end(
      this.#isInterrupted
        ? { code: "deadline", message: this.#deadlineText(), stack }
        : faultOf(message, stack),
    );
  }

  /**
   * Takes a failure of the plugin that is the end of its engine: an async function around the one
   * that was interrupted does catch it, and memory that ran out stays full.
   */
  #isLast(text: string): boolean {
    const isFull = /"message":"out of memory"/.test(text);
    if (!this.#isInterrupted && !isFull) return false;
    const { stack } = failureTexts(JSON.parse(text));
    const message = this.#isInterrupted ? this.#deadlineText() : OUT_OF_MEMORY;
    this.#end({ code: this.#isInterrupted ? "deadline" : "memory", message, stack });
    return true;
  }

  #deadlineText(): string {
    return `ran for more than ${this.#deadlineMs} ms without giving back control`;
  }

  /** Runs `task` and every job it leads to, within the deadline. */
  #turn(task: () => void): void {
    if (this.#fault !== undefined) return;
    this.#deadlineAtMs = performance.now() + this.#deadlineMs;
    this.#isInterrupted = false;
    try {
      task();
      this.#runJobs();
      if (this.#fault === undefined) this.#collect();
    } catch (error) {
      // A host error thrown through the engine leaves it in a state nobody knows.
      const message = error instanceof Error ? error.message : String(error);
      this.#end(faultOf(message));
    }
    if (this.#isInterrupted) this.#end({ code: "deadline", message: this.#deadlineText() });
    this.#deadlineAtMs = Infinity;
  }

  #runJobs(): void {
    const { runtime } = this.#engine;
    while (this.#fault === undefined && runtime.hasPendingJob()) {
      this.#settle(runtime.executePendingJobs(JOBS_A_SLICE));
      // Promises that make promises never let the engine ask its interrupt handler.
      if (performance.now() > this.#deadlineAtMs) this.#isInterrupted = true;
      if (this.#isInterrupted) return;
    }
  }

  #end(fault: Fault): void {
    this.#fault ??= fault;
    this.#entries = {};
  }
}

let built: Snapshot | undefined;

/** Returns an instance that is nobody's yet, with a memory of its own. */
export async function createInstance(memoryMb: number): Promise<Instance> {
  const bytes = built === undefined ? readBuilt("quickjs.snapshot") : undefined;
  if (bytes !== undefined) built = decodeSnapshot(bytes);
  return new Instance(await createEngine(memoryMb, built));
}

/** Returns what the build puts into the binary for `createInstance` to go on from. */
export async function buildSnapshot(): Promise<Uint8Array> {
  const one = new Instance(await createEngine(0));
  const twin = new Instance(await createEngine(0));
  for (const instance of [one, twin]) {
    if (instance.fault !== undefined) throw new Error(instance.fault.message);
  }
  return encodeSnapshot(one.freeze(twin));
}

/**
 * Returns the path in the plugin's folder that `specifier` means in `importer`. Two dots at its start
 * stay, for the loader to refuse; names that are not relative are marked, so that they are no paths.
 */
function joinSpecifier(importer: string, specifier: string): string {
  if (!/^\.\.?\//.test(specifier)) return `not-relative:${specifier}`;
  const folder = importer.startsWith("weir:") ? "" : posix.dirname(importer);
  return posix.join(folder, specifier);
}

function contentOf(context: QuickJSContext, handle: QuickJSHandle): Uint8Array | undefined {
  const kind = context.typeof(handle);
  if (kind === "undefined") return undefined;
  if (kind === "string") return bytesOut(context, handle);
  return context.getArrayBuffer(handle).consume((lifetime) => lifetime.value.slice());
}
