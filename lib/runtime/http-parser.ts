import process from "node:process";

/** Status line of a response. Its header lines come before it, through `onLines`. */
export interface ParsedStatus {
  readonly status: number;
  readonly reason: string;
  /** "1.0" or "1.1". */
  readonly httpVersion: string;
  /** True when the protocol changes after the head (101 with Upgrade). */
  readonly isUpgrade: boolean;
  /** True when the connection may be used again after the response. */
  readonly isKept: boolean;
}

/** What follows a head: a body as its headers say, none, or another protocol. */
export type AfterHead = "body" | "no body" | "upgrade";

/** What a parser calls while it executes; nothing may be thrown. */
export interface ParserEvents {
  /** The first byte of a response, informational ones too. */
  onBegin(): void;
  /** Names and values by turns: header lines before `onStatus`, trailer lines after it. */
  onLines(flat: readonly string[]): void;
  onStatus(status: ParsedStatus): AfterHead;
  onBody(chunk: Uint8Array): void;
  onComplete(): void;
}

/** A parser of the responses on one connection, one after the other. */
export interface ResponseParser {
  /** Parses what was received; returns an error with a code `HPE_*` when it is not HTTP. */
  execute(bytes: Uint8Array): Error | undefined;
  /** Says that the connection has ended, which completes a body without length. */
  finish(): void;
  /** Gives the parser up, for another connection to use; not while it executes. */
  release(): void;
}

/** The native parser as both node and Bun have it. */
interface NativeParser {
  [event: number]: unknown;
  initialize(type: number, resource: object, headerCapBytes: number, leniency: number): void;
  execute(bytes: Uint8Array): number | Error;
  finish(): undefined | Error;
}

interface NativeBinding {
  readonly HTTPParser: {
    new (): NativeParser;
    readonly RESPONSE: number;
    readonly kOnMessageBegin: number;
    readonly kOnHeaders: number;
    readonly kOnHeadersComplete: number;
    readonly kOnBody: number;
    readonly kOnMessageComplete: number;
    readonly kLenientNone: number;
  };
}

/** Codes that onStatus gives back to the native parser. */
const RETURN: Readonly<Record<AfterHead, number>> = { body: 0, "no body": 1, upgrade: 2 };

function findBinding(): NativeBinding | undefined {
  // bun 1.4: llhttp is there under its old name only; the compiled binary pins its runtime.
  const host: { readonly binding?: (name: string) => unknown } = process;
  if (!("Bun" in globalThis)) return undefined;
  const found = host.binding?.("http_parser");
  if (typeof found !== "object" || found === null || !("HTTPParser" in found)) return undefined;
  // Tried with bun 1.4.5; the tables in test/fault run on it.
  return found as NativeBinding;
}

let known: { readonly binding: NativeBinding | undefined } | undefined;

function nativeBinding(): NativeBinding | undefined {
  known ??= { binding: findBinding() };
  return known.binding;
}

/** Says whether this runtime lends its HTTP parser. */
export function hasResponseParser(): boolean {
  return nativeBinding() !== undefined;
}

/**
 * Returns a strict parser of HTTP/1 responses, llhttp of the runtime; undefined where there is none.
 *
 * @param headerCapBytes cap on the head of a response and on its trailers
 */
export function createResponseParser(
  events: ParserEvents,
  headerCapBytes: number,
): ResponseParser | undefined {
  const native = nativeBinding()?.HTTPParser;
  if (native === undefined) return undefined;
  const parser = released.pop() ?? new NativeResponseParser(native);
  return parser.begin(events, headerCapBytes);
}

type Native = NativeBinding["HTTPParser"];

/** Parsers that wait for their next connection: with its callbacks one is dear to make. */
const released: NativeResponseParser[] = [];
const RELEASED_LIMIT = 64;

class NativeResponseParser implements ResponseParser {
  readonly #native: Native;
  readonly #parser: NativeParser;
  #events: ParserEvents | undefined;

  constructor(native: Native) {
    this.#native = native;
    this.#parser = new native();
    this.#parser[native.kOnMessageBegin] = () => this.#events?.onBegin();
    this.#parser[native.kOnHeaders] = (flat: readonly string[]) => this.#events?.onLines(flat);
    this.#parser[native.kOnHeadersComplete] = (
      major: number,
      minor: number,
      flat: readonly string[] | undefined | null,
      _method: unknown,
      _url: unknown,
      status: number,
      reason: string,
      isUpgrade: boolean,
      isKept: boolean,
    ) => {
      // More than 31 lines came through kOnHeaders already.
      if (flat !== undefined && flat !== null) this.#events?.onLines(flat);
      const httpVersion = `${major}.${minor}`;
      const after = this.#events?.onStatus({ status, reason, httpVersion, isUpgrade, isKept });
      return RETURN[after ?? "no body"];
    };
    this.#parser[native.kOnBody] = (chunk: Uint8Array) => this.#events?.onBody(chunk);
    this.#parser[native.kOnMessageComplete] = () => this.#events?.onComplete();
  }

  /** Makes it ready for the first response on a connection: nothing is left of what it parsed. */
  begin(events: ParserEvents, headerCapBytes: number): this {
    const { RESPONSE, kLenientNone } = this.#native;
    this.#events = events;
    // A resource of its own is what async hooks would see; nothing here uses them.
    this.#parser.initialize(RESPONSE, {}, headerCapBytes, kLenientNone);
    return this;
  }

  execute(bytes: Uint8Array): Error | undefined {
    const result = this.#parser.execute(bytes);
    return result instanceof Error ? Object.assign(result, { rawPacket: bytes }) : undefined;
  }

  finish(): void {
    this.#parser.finish();
  }

  release(): void {
    if (this.#events === undefined) return;
    this.#events = undefined;
    if (released.length < RELEASED_LIMIT) released.push(this);
  }
}
