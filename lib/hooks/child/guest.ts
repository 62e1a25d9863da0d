import type { Frame, FrameKind } from "../frames.ts";
import { nearestName } from "../../base/nearest.ts";
import { EVENTS } from "../events.ts";
import { failureTexts } from "../messages.ts";
import { type DataFormats, mentionsFormats } from "./formats.ts";
import type { GuestAnswer, GuestPort } from "./instance.ts";
import { WEB } from "./web.ts";

/** The main module of a plugin. */
interface MainModule {
  readonly name: string;
  readonly source: string;
}

/** What serves all plugins of the child; implemented by `Seats`. */
export interface Office {
  send(kind: FrameKind, id: number, json: string | Uint8Array): void;
  sendPieces(id: number, content: Uint8Array): void;
  operate(plugin: number, json: string, bytes: Uint8Array): number;
  operateNow(plugin: number, json: string): Frame;
}

/** Bytes of a request body, or of anything else that goes with an operation. */
const OPERATION_CAP_BYTES = 1024 * 1024;

const NO_BYTES = new Uint8Array();

/** Lines a plugin may log without giving back control. */
const LINE_LIMIT = 200;

/** Characters of JSON in a result; each is at most three bytes of the frame. */
const RESULT_CAP = 500_000;

const NOTHING = '{"kind":"none"}';
const TOO_LONG =
  '{"message":"returned fields of more than 500,000 characters; only a body may be that large"}';

/** A call that has no result yet. */
interface OpenCall {
  /** Undefined where the parent keeps it. */
  readonly body: Uint8Array | undefined;
  /** The body of its result, which comes just before it. */
  content?: Uint8Array | undefined;
}

/** Answers what one plugin asks of the child. Everything it is given was written by the plugin. */
export class Guest implements GuestPort {
  readonly #id: number;
  readonly #office: Office;
  readonly #main: MainModule;
  readonly #formats: DataFormats | undefined;
  readonly #calls = new Map<number, OpenCall>();
  #lacksFormats = false;
  /** True until its first turn, which loads the plugin, is over. */
  #isNew = true;
  #readsText = false;
  #lines = 0;

  constructor(id: number, office: Office, main: MainModule, formats: DataFormats | undefined) {
    this.#id = id;
    this.#office = office;
    this.#main = main;
    this.#formats = formats;
  }

  /** True when a module wants oq, whose parsers were not loaded. */
  get lacksFormats(): boolean {
    return this.#lacksFormats;
  }

  /** Lets the plugin log again. */
  endTurn(): void {
    this.#lines = 0;
    this.#isNew = false;
  }

  /** Begins a call. */
  open(callId: number, body?: Uint8Array): void {
    this.#calls.set(callId, { body });
  }

  /** Returns the calls that have no result yet. */
  openCalls(): readonly number[] {
    return [...this.#calls.keys()];
  }

  /** Returns the source of a module; the parent decides which files there are. */
  source(path: string): string {
    if (path === this.#main.name) return this.#main.source;
    const { isGood, text } = this.#ask("module", { path });
    if (!isGood) throw new Error(text);
    if (mentionsFormats(text) && this.#formats === undefined) {
      this.#lacksFormats = true;
      throw new Error("A module that uses oq was imported late; name oq in the main module too");
    }
    return text;
  }

  /** Handles one call of the guest's function `host`. */
  call(name: string, id: number, text: string, body: Uint8Array | undefined): GuestAnswer {
    switch (name) {
      case "op":
        return this.#operate(text, body);
      case "content":
        return this.#hold(id, body);
      case "failure":
        return this.#close(id, () => this.#office.send("error", id, failureText(text)));
      case "log":
        return this.#log(id, text);
      case "call-body":
        return this.#callBody(id, text);
      case "event":
        return eventProblem(text);
      case "store":
        return void this.#operate(`{"name":"store","args":${text}}`);
      case "close-client":
        return void this.#operate(JSON.stringify({ name: "close-client", args: id }));
      case "secret":
        return this.#secret(text);
      case "oq":
        return this.#query(text);
      default:
        return WEB[name]?.(text, body, id);
    }
  }

  /** Ends a call with its result; nothing for one that has failed before. */
  finish(id: number, utf8: Uint8Array): void {
    const content = this.#calls.get(id)?.content;
    this.#close(id, () => {
      if (isTooLong(utf8)) return this.#office.send("error", id, TOO_LONG);
      if (content !== undefined) this.#office.sendPieces(id, content);
      this.#office.send("result", id, utf8.byteLength === 0 ? NOTHING : utf8);
    });
  }

  #hold(id: number, content: Uint8Array | undefined): undefined {
    const call = this.#calls.get(id);
    if (call !== undefined) call.content = content;
  }

  #operate(json: string, bytes: Uint8Array = NO_BYTES): number {
    // A list of two: text of the plugin cannot pass for the number in front of it.
    const text = `[${this.#id},${json}]`;
    // In bytes, as the parent counts: a character of the text has up to three.
    if (Math.max(bytes.byteLength, Buffer.byteLength(text)) > OPERATION_CAP_BYTES) {
      throw new RangeError("A plugin's request has a body of at most 1 MiB");
    }
    return this.#office.operate(this.#id, text, bytes);
  }

  /** A plugin may end its own calls only, and each of them once. */
  #close(id: number, report: () => void): undefined {
    // Loaded once more, with the parsers: what came of the first time is told to nobody.
    if (this.#isNew && this.#lacksFormats) return;
    if (this.#calls.delete(id)) report();
  }

  #log(level: number, text: string): undefined {
    this.#lines += 1;
    if (this.#lines > LINE_LIMIT + 1) return;
    const line = this.#lines > LINE_LIMIT ? "(more lines in one turn are left out)" : text;
    this.#office.send("log", 0, JSON.stringify([this.#id, level, line.slice(0, 8_000)]));
  }

  /** Returns the body to hand over with a call: the plugin asked for one as text before. */
  textOf(body: Uint8Array): GuestAnswer {
    return this.#readsText && body.byteLength > 0 ? { utf8: body } : undefined;
  }

  #callBody(id: number, as: string): GuestAnswer {
    const held = this.#calls.get(id)?.body;
    // Nothing here means that the parent has it: the empty body comes from there too.
    if (held === undefined || held.byteLength === 0) return undefined;
    this.#readsText ||= as === "text";
    return as === "text" ? { utf8: held } : held;
  }

  #secret(name: string): string {
    const { isGood, text } = this.#ask("secret", { name });
    if (!isGood) throw new Error(text);
    return text;
  }

  /** Asks the parent and waits; answers are text. */
  #ask(name: string, args: unknown): { readonly isGood: boolean; readonly text: string } {
    const json = `[${this.#id},${JSON.stringify({ name, args })}]`;
    const reply: Frame = this.#office.operateNow(this.#id, json);
    // The parent's own words, as in seats.ts.
    const { isGood, value } = JSON.parse(reply.json) as {
      readonly isGood: boolean;
      readonly value: { readonly message?: string };
    };
    const text = isGood ? new TextDecoder().decode(reply.bytes) : (value.message ?? "refused");
    return { isGood, text };
  }

  #query(text: string): string {
    if (this.#formats === undefined)
      throw new Error("oq is not loaded: name it in the main module");
    return this.#formats.run(text);
  }
}

/** Returns a failure as it fits into a frame; its texts are of any length. */
function failureText(json: string): string {
  return JSON.stringify(failureTexts(JSON.parse(json)));
}

function isTooLong(utf8: Uint8Array): boolean {
  return utf8.byteLength > RESULT_CAP && new TextDecoder().decode(utf8).length > RESULT_CAP;
}

function eventProblem(type: string): string {
  const near = nearestName(type.slice(0, 64), EVENTS);
  const all = near === undefined ? `The events are: ${EVENTS.join(", ")}` : `Did you mean ${near}?`;
  return `There is no event ${JSON.stringify(type.slice(0, 64))}. ${all}`;
}
