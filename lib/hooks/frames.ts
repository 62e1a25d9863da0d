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

/** Bytes of `kind`, `id` and `json length`, which follow the length. */
const HEAD_BYTES = 9;
const LENGTH_BYTES = 4;

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

/** Returns the bytes of a frame: `u32 length, u8 kind, u32 id, u32 json length, json, bytes`. */
export function encodeFrame({ kind, id, json, bytes }: Frame): Uint8Array {
  const text = utf8(json);
  const length = HEAD_BYTES + text.byteLength + bytes.byteLength;
  const whole = new Uint8Array(LENGTH_BYTES + length);
  const view = new DataView(whole.buffer);
  view.setUint32(0, length, true);
  view.setUint8(4, KINDS.indexOf(kind) + 1);
  view.setUint32(5, id, true);
  view.setUint32(9, text.byteLength, true);
  whole.set(text, LENGTH_BYTES + HEAD_BYTES);
  whole.set(bytes, LENGTH_BYTES + HEAD_BYTES + text.byteLength);
  return whole;
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
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true);
  const kind = KINDS[view.getUint8(LENGTH_BYTES) - 1];
  if (kind === undefined) throw broken("has a kind that does not exist");
  const cap = from === "parent" ? Number.MAX_SAFE_INTEGER : CHILD_CAPS[kind];
  if (cap === undefined) throw broken(`is a ${kind}, which only weir itself sends`);
  if (length < HEAD_BYTES) throw broken("is shorter than its head");
  if (length > HEAD_BYTES + cap) throw broken(`is a ${kind} of more than ${cap} bytes`);
  return LENGTH_BYTES + length;
}

/** Reads one whole frame; its length has been checked. */
function decodeFrame(bytes: Uint8Array): Frame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = KINDS[view.getUint8(LENGTH_BYTES) - 1];
  const jsonLength = view.getUint32(9, true);
  const start = LENGTH_BYTES + HEAD_BYTES;
  if (kind === undefined || jsonLength > bytes.byteLength - start) {
    throw broken("says that its text is longer than itself");
  }
  return {
    kind,
    id: view.getUint32(5, true),
    json: decoder.decode(bytes.subarray(start, start + jsonLength)),
    bytes: bytes.subarray(start + jsonLength),
  };
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
  #chunks: Uint8Array[] = [];
  #heldBytes = 0;
  #wantedBytes = LENGTH_BYTES + 1;

  /** @param from who wrote the bytes: those of a child are bounded by kind */
  constructor(from: "child" | "parent") {
    this.#from = from;
  }

  /**
   * Yields the frames that `chunk` completes. Their bytes may share memory with it.
   *
   * @throws {WeirError} HOOK_SANDBOX when the bytes are no frames
   */
  *push(chunk: Uint8Array): Generator<Frame> {
    this.#chunks.push(chunk);
    this.#heldBytes += chunk.byteLength;
    while (this.#heldBytes >= this.#wantedBytes) {
      const held = concatBytes(this.#chunks);
      const length = frameLength(held, this.#from) ?? LENGTH_BYTES + 1;
      this.#chunks = [held];
      this.#wantedBytes = length;
      if (held.byteLength < length) return;
      const rest = held.subarray(length);
      this.#chunks = rest.byteLength === 0 ? [] : [rest];
      this.#heldBytes = rest.byteLength;
      this.#wantedBytes = LENGTH_BYTES + 1;
      yield decodeFrame(held.subarray(0, length));
    }
  }
}
