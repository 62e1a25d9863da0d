import { messageOf, WeirError } from "../base/errors.ts";
import type { Body } from "../http/body.ts";
import type { Watch } from "./watch.ts";

/** Bytes handed to the connection at once, so that progress and back-pressure are seen. */
const SLICE_BYTES = 64 * 1024;

/** The sending side of a connection. */
export interface Sink {
  /** Writes; returns a promise when the connection wants a rest, undefined when it takes more. */
  write(chunk: Uint8Array): Promise<void> | undefined;
}

/** Returns the bytes of a body that can go out in one piece with the headers, else undefined. */
export function smallBody(body: Body): Uint8Array | undefined {
  if (body.kind === "none") return new Uint8Array();
  return body.kind === "bytes" && body.bytes.byteLength <= SLICE_BYTES ? body.bytes : undefined;
}

/** How a body is sent. */
export interface Upload {
  readonly body: Body;
  readonly sink: Sink;
  readonly watch: Watch;
  /** Bytes that Content-Length promised, undefined when the body is sent chunked. */
  readonly declaredBytes: number | undefined;
  readonly onUpload?: ((sentBytes: number) => void) | undefined;
}

/** A body on its way out. */
export class Pump {
  readonly #upload: Upload;
  #source: AsyncIterator<Uint8Array> | undefined;
  #sentBytes = 0;
  #isStopped = false;
  #isDone = false;
  #isAnswered = false;

  constructor(upload: Upload) {
    this.#upload = upload;
  }

  /** Says whether the whole body was handed to the connection. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /**
   * Sends the body; returns true at its end, false when it was stopped before.
   *
   * @throws {WeirError} BODY_LENGTH, IO_READ, or what the source throws
   */
  async run(): Promise<boolean> {
    if (this.#isStopped) return false;
    const { body, declaredBytes } = this.#upload;
    const source = iterate(body);
    this.#source = source;
    while (!this.#isStopped) {
      const chunk = await nextChunk(source);
      if (this.#isStopped) break;
      if (chunk === undefined) {
        if (declaredBytes !== undefined && this.#sentBytes < declaredBytes) {
          throw wrongLength(declaredBytes, this.#sentBytes);
        }
        this.#isDone = true;
        return true;
      }
      await this.#send(chunk);
    }
    return false;
  }

  /** Says that the body was sent in another way. */
  skip(): void {
    this.#isDone = true;
  }

  /** Says that the head of the response is there: from now on its reader has the idle timer. */
  answered(): void {
    this.#isAnswered = true;
  }

  /** Stops sending and tells the source that nothing more is wanted. */
  stop(): void {
    if (this.#isStopped || this.#isDone) return;
    this.#isStopped = true;
    // Not waited for: a read that is pending in the source would hold up the response.
    this.#source?.return?.()?.then(undefined, () => undefined);
  }

  async #send(chunk: Uint8Array): Promise<void> {
    const { declaredBytes, onUpload, sink, watch } = this.#upload;
    const endBytes = this.#sentBytes + chunk.byteLength;
    if (declaredBytes !== undefined && endBytes > declaredBytes) {
      throw wrongLength(declaredBytes, endBytes);
    }
    for (let at = 0; at < chunk.byteLength && !this.#isStopped; at += SLICE_BYTES) {
      const slice = chunk.subarray(at, at + SLICE_BYTES);
      const rest = sink.write(slice);
      if (rest !== undefined) {
        if (!this.#isAnswered) watch.awaitServer();
        await rest;
        if (!this.#isAnswered) watch.serverHeard();
      }
      this.#sentBytes += slice.byteLength;
      onUpload?.(this.#sentBytes);
    }
  }
}

/** Not through a generator of ours: it would hold back `return` while a read is pending. */
function iterate(body: Body): AsyncIterator<Uint8Array> {
  if (body.kind === "stream") return body.open()[Symbol.asyncIterator]();
  const left = body.kind === "bytes" ? [body.bytes] : [];
  return {
    next: () => {
      const value = left.shift();
      return Promise.resolve(
        value === undefined ? { done: true, value: undefined } : { done: false, value },
      );
    },
  };
}

async function nextChunk(source: AsyncIterator<Uint8Array>): Promise<Uint8Array | undefined> {
  try {
    const { done, value } = await source.next();
    return done === true ? undefined : value;
  } catch (error) {
    if (error instanceof WeirError) throw error;
    throw new WeirError("IO_READ", `The request body cannot be read: ${messageOf(error)}`, {
      hint: "Check the file or the program that the body comes from",
      cause: error,
      details: { phase: "send" },
    });
  }
}

function wrongLength(declaredBytes: number, sentBytes: number): WeirError {
  const how = sentBytes < declaredBytes ? "ended early" : "is longer than promised";
  const message = `The request body ${how}: ${declaredBytes} bytes were declared, it has ${
    sentBytes < declaredBytes ? sentBytes : "more"
  }`;
  return new WeirError("BODY_LENGTH", message, {
    hint: "The source changed while it was sent; send it again, or with --chunked",
    details: { phase: "send", declaredBytes, sentBytes },
  });
}
