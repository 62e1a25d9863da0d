import { concatBytes, utf8 } from "../base/bytes.ts";
import { WeirError } from "../base/errors.ts";

/**
 * Kinds of frames by number, from 1; the order is the protocol.
 *
 * `hello` ready · `load` start a plugin · `call` run a handler · `result`, `error` end of a load or
 * call · `op` the plugin wants something · `reply` answers it · `body` a piece of what follows in a
 * result · `ping` everything sent so far was worked off · `log` a line · `cancel` drop a plugin.
 */
const KINDS = [
  "hello",
  "load",
  "call",
  "result",
  "error",
  "op",
  "reply",
  "body",
  "ping",
  "log",
  "cancel",
] as const;

/** What a frame is for. */
export type FrameKind = (typeof KINDS)[number];

/** One message between weir and its sandbox child. */
export interface Frame {
  readonly kind: FrameKind;
  /** A 32-bit number: of the call, the operation, the plugin, or a count. */
  readonly id: number;
  /** JSON text, not yet parsed and, from a child, written by an attacker. */
  readonly json: string;
  readonly bytes: Uint8Array;
}

/** A frame that came in. */
export class ReceivedFrame implements Frame {
  readonly kind: FrameKind;
  readonly id: number;
  /** The JSON as it came, UTF-8. */
  readonly utf8: Uint8Array;
  readonly bytes: Uint8Array;

  constructor(kind: FrameKind, id: number, utf8: Uint8Array, bytes: Uint8Array) {
    this.kind = kind;
    this.id = id;
    this.utf8 = utf8;
    this.bytes = bytes;
  }

  get json(): string {
    return decoder.decode(this.utf8);
  }
}

/** Bytes of `kind`, `id` and `json length`, which follow the length. */
const HEAD_BYTES = 9;
const LENGTH_BYTES = 4;

const KIND_AT = 4;
const ID_AT = 5;
const JSON_LENGTH_AT = 9;

/** Longest piece of a body in one frame from a child. */
export const BODY_PIECE_BYTES = 256 * 1024;

/** Bytes a child may put into one frame of a kind; the parent does not listen to the others. */
const CHILD_CAPS: Readonly<Partial<Record<FrameKind, number>>> = {
  hello: 64,
  result: 2 * 1024 * 1024,
  error: 64 * 1024,
  op: 2 * 1024 * 1024,
  body: BODY_PIECE_BYTES,
  ping: 0,
  log: 64 * 1024,
};

const NO_BYTES = new Uint8Array();
const decoder = new TextDecoder();

/** Bytes that are worth a write of their own rather than a copy. */
const LARGE_BYTES = 64 * 1024;

/** Returns the bytes of a frame: `u32 length, u8 kind, u32 id, u32 json length, json, bytes`. */
export function encodeFrame(frame: Frame): Uint8Array {
  return concatBytes(frameParts(frame, Infinity));
}

/** Returns the bytes of a frame in one or two parts: what it carries is not copied when it is large. */
export function frameParts(
  { kind, id, json, bytes }: Omit<Frame, "json"> & { readonly json: string | Uint8Array },
  largeBytes = LARGE_BYTES,
): readonly Uint8Array[] {
  const text = typeof json === "string" ? utf8(json) : json;
  const start = LENGTH_BYTES + HEAD_BYTES + text.byteLength;
  const isApart = bytes.byteLength > largeBytes;
  const first = new Uint8Array(isApart ? start : start + bytes.byteLength);
  writeU32(first, 0, start - LENGTH_BYTES + bytes.byteLength);
  first[KIND_AT] = KINDS.indexOf(kind) + 1;
  writeU32(first, ID_AT, id);
  writeU32(first, JSON_LENGTH_AT, text.byteLength);
  first.set(text, LENGTH_BYTES + HEAD_BYTES);
  if (isApart) return [first, bytes];
  first.set(bytes, start);
  return [first];
}

// By hand: a view of the bytes takes longer to make than the few numbers of a frame to read.

function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

function readU32(bytes: Uint8Array, at: number): number {
  const byte = (shift: number): number => (bytes[at + shift] ?? 0) << (8 * shift);
  return (byte(0) | byte(1) | byte(2) | byte(3)) >>> 0;
}

/** Returns a frame without bytes. */
export function textFrame(kind: FrameKind, id: number, value: unknown): Frame {
  return { kind, id, json: JSON.stringify(value), bytes: NO_BYTES };
}

/**
 * Returns the length of the frame that begins `bytes`, its own four bytes included; undefined when
 * not even its kind is there yet.
 *
 * @throws {WeirError} HOOK_SANDBOX when it is no frame, or too long for its kind from a child
 */
function frameLength(bytes: Uint8Array, from: "child" | "parent"): number | undefined {
  if (bytes.byteLength <= LENGTH_BYTES) return undefined;
  const length = readU32(bytes, 0);
  const kind = KINDS[(bytes[KIND_AT] ?? 0) - 1];
  if (kind === undefined) throw broken("has a kind that does not exist");
  const cap = from === "parent" ? Number.MAX_SAFE_INTEGER : CHILD_CAPS[kind];
  if (cap === undefined) throw broken(`is a ${kind}, which only weir itself sends`);
  if (length < HEAD_BYTES) throw broken("is shorter than its head");
  if (length > HEAD_BYTES + cap) throw broken(`is a ${kind} of more than ${cap} bytes`);
  return LENGTH_BYTES + length;
}

/** Reads one whole frame; its length has been checked. */
function decodeFrame(bytes: Uint8Array): ReceivedFrame {
  const kind = KINDS[(bytes[KIND_AT] ?? 0) - 1];
  const jsonLength = readU32(bytes, JSON_LENGTH_AT);
  const start = LENGTH_BYTES + HEAD_BYTES;
  if (kind === undefined || jsonLength > bytes.byteLength - start) {
    throw broken("says that its text is longer than itself");
  }
  const end = start + jsonLength;
  return new ReceivedFrame(
    kind,
    readU32(bytes, ID_AT),
    bytes.subarray(start, end),
    bytes.subarray(end),
  );
}

/** Returns the error for bytes that are no frame. */
export function broken(what: string): WeirError {
  return new WeirError(
    "HOOK_SANDBOX",
    `The sandbox of the plugins broke its protocol: a frame ${what}`,
    {
      hint: "A plugin may have broken out of its engine; do not use it, and report it",
    },
  );
}

/** Cuts a stream of bytes, in pieces of any size, into frames. */
export class FrameReader {
  readonly #from: "child" | "parent";
  /** What came of a frame whose length is not known yet. */
  #start: Uint8Array = NO_BYTES;
  /** A frame that came in part, with room for the rest. */
  #open: { readonly bytes: Uint8Array; heldBytes: number } | undefined;

  /** @param from who wrote the bytes: those of a child are bounded by kind */
  constructor(from: "child" | "parent") {
    this.#from = from;
  }

  /** Where the rest of a frame that came in part belongs; undefined when none is under way. */
  get room(): Uint8Array | undefined {
    return this.#open?.bytes.subarray(this.#open.heldBytes);
  }

  /** Takes `count` bytes that were written to the start of `room`, and returns the frame they end. */
  fill(count: number): ReceivedFrame | undefined {
    const open = this.#open;
    if (open === undefined) return undefined;
    open.heldBytes += count;
    if (open.heldBytes < open.bytes.byteLength) return undefined;
    this.#open = undefined;
    return decodeFrame(open.bytes);
  }

  /**
   * Yields the frames that `chunk` completes. Their bytes may share memory with it.
   *
   * @throws {WeirError} HOOK_SANDBOX when the bytes are no frames
   */
  *push(chunk: Uint8Array): Generator<ReceivedFrame> {
    let rest = chunk;
    const { room } = this;
    if (room !== undefined) {
      const own = chunk.subarray(0, room.byteLength);
      room.set(own);
      rest = chunk.subarray(own.byteLength);
      const ended = this.fill(own.byteLength);
      if (ended !== undefined) yield ended;
    }
    while (rest.byteLength > 0) {
      const held = this.#start.byteLength === 0 ? rest : concatBytes([this.#start, rest]);
      const length = frameLength(held, this.#from);
      this.#start = length === undefined ? held : NO_BYTES;
      if (length === undefined) return;
      if (held.byteLength < length) return this.#begin(held, length);
      yield decodeFrame(held.subarray(0, length));
      rest = held.subarray(length);
    }
  }

  #begin(held: Uint8Array, length: number): void {
    const bytes = new Uint8Array(length);
    bytes.set(held);
    this.#open = { bytes, heldBytes: held.byteLength };
  }
}
