import { isRecord } from "../base/record.ts";
import { type Frame, broken } from "./frames.ts";

/** Settings that the bootstrap of the guest reads. */
export interface GuestSettings {
  readonly events: readonly string[];
  /** JSON texts by key: what `ctx.store` held before a restart. */
  readonly store: Readonly<Record<string, string>>;
  /** Words after the file of a script. */
  readonly args?: readonly string[] | undefined;
}

/** Asks the child to load a plugin; the bytes are the source of its main module. */
export interface LoadMessage {
  readonly plugin: number;
  /** Path of the main module in the plugin's folder. */
  readonly main: string;
  readonly memoryMb: number;
  readonly deadlineMs: number;
  readonly settings: GuestSettings;
}

/** Asks the child to run a handler; the bytes are the body when it is small and at hand. */
export interface CallMessage {
  readonly plugin: number;
  readonly handler: number;
  readonly event: unknown;
  readonly context: unknown;
  /** True: there is no body, and nobody has to be asked for it. */
  readonly isEmpty: boolean;
}

/** Returns the JSON of a call: a list, which goes into the guest as it is and is read there once. */
export function callText({ plugin, handler, event, context, isEmpty }: CallMessage): string {
  return JSON.stringify([plugin, handler, event, context, isEmpty]);
}

/** Returns the plugin that the JSON of a call is for: all that the child has to know of it. */
export function calledPlugin(utf8: Uint8Array): number {
  // After the bracket, up to a comma.
  const end = utf8.indexOf(0x2c);
  return Number(decoder.decode(utf8.subarray(1, end)));
}

/** What a plugin wants from outside. */
export interface Operation {
  readonly plugin: number;
  readonly name: string;
  readonly args: unknown;
}

/** What a load or a handler came to. Everything in it is the plugin's word. */
export type RawResult =
  | { readonly kind: "none" }
  | { readonly kind: "scalar"; readonly type: string }
  | {
      readonly kind: "object";
      readonly fields: Readonly<Record<string, unknown>>;
      readonly body: "none" | "text" | "bytes" | "json";
      readonly content: Uint8Array;
    };

/** Why a load or a handler came to nothing. */
export interface RawFailure {
  readonly code: string;
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  /** The plugin's instance is gone. */
  readonly isFatal: boolean;
  readonly plugin: number;
}

/** A line that a plugin logged. */
export interface RawLog {
  readonly plugin: number;
  readonly level: "debug" | "info" | "warn" | "error";
  readonly text: string;
}

const decoder = new TextDecoder();

const LEVELS = ["debug", "info", "warn", "error"] as const;
const BODY_KINDS = ["none", "text", "bytes", "json"] as const;
const TEXT_CAP = 8_000;

function parse(frame: Frame): unknown {
  try {
    return JSON.parse(frame.json);
  } catch {
    throw broken(`of kind ${frame.kind} is not JSON`);
  }
}

function text(value: unknown, cap = TEXT_CAP): string {
  return typeof value === "string" ? value.slice(0, cap) : "";
}

/** Reads an operation; throws HOOK_SANDBOX when it has another form. */
export function readOperation(frame: Frame): Operation {
  const value = parse(frame);
  if (!Array.isArray(value) || value.length !== 2) throw broken("is no operation");
  const [plugin, what]: readonly unknown[] = value;
  if (typeof plugin !== "number" || !isRecord(what) || typeof what["name"] !== "string") {
    throw broken("is no operation");
  }
  return { plugin, name: what["name"], args: what["args"] };
}

/** Reads a result with the content that came before it. */
export function readResult(frame: Frame, content: Uint8Array): RawResult {
  const value = parse(frame);
  if (!isRecord(value)) throw broken("is no result");
  const { kind, fields, type } = value;
  if (kind === "none") return { kind };
  if (kind === "scalar") return { kind, type: text(type, 40) };
  const body = BODY_KINDS.find((one) => one === value["body"]);
  if (kind !== "object" || !isRecord(fields) || body === undefined) throw broken("is no result");
  return { kind, fields, body, content };
}

/** Returns what a plugin said of a failure, cut so that it fits into a frame; what is missing is empty. */
export function failureTexts(value: unknown): Omit<RawFailure, "isFatal" | "plugin"> {
  const { code, name, message, stack } = isRecord(value) ? value : {};
  return {
    code: text(code, 64),
    name: text(name, 64),
    message: text(message, 1000),
    stack: text(stack, 4000),
  };
}

/** Reads a failure. */
export function readFailure(frame: Frame): RawFailure {
  const value = parse(frame);
  if (!isRecord(value)) throw broken("is no error");
  const { plugin, isFatal } = value;
  return {
    ...failureTexts(value),
    isFatal: isFatal === true,
    plugin: typeof plugin === "number" ? plugin : 0,
  };
}

/** Reads a line for the log. */
export function readLog(frame: Frame): RawLog {
  const value = parse(frame);
  if (!Array.isArray(value)) throw broken("is no line");
  const [plugin, level, line]: readonly unknown[] = value;
  const at = typeof level === "number" ? level : 1;
  return {
    plugin: typeof plugin === "number" ? plugin : 0,
    level: LEVELS[at] ?? "info",
    text: text(line),
  };
}
