import { concatBytes, utf8 } from "../base/bytes.ts";
import type { ByteSocket } from "../runtime/runtime.ts";
import { absoluteForm } from "./absolute-form.ts";
import type { Sink } from "./pump.ts";
import type { Proxy, WireRequest } from "./wire.ts";

const CRLF = utf8("\r\n");
const LAST_CHUNK = utf8("0\r\n\r\n");

/**
 * Returns the request line and the headers, with the empty line after them; in absolute form for a
 * proxy that is asked without a tunnel.
 */
export function requestHead(request: WireRequest, proxy?: Proxy): Uint8Array {
  const { target, headers } = proxy === undefined ? request : absoluteForm(request, proxy);
  // Upper case, as node:http sends it.
  let head = `${request.method.toUpperCase()} ${target} HTTP/1.1\r\n`;
  for (const entry of headers) head += `${entry[0]}: ${entry[1]}\r\n`;
  return utf8(`${head}\r\n`);
}

/** The writing side of one request on a socket. */
export class Outgoing implements Sink {
  readonly #socket: ByteSocket;
  readonly #isChunked: boolean;

  constructor(socket: ByteSocket, isChunked: boolean) {
    this.#socket = socket;
    this.#isChunked = isChunked;
  }

  /** Writes the head alone. */
  start(head: Uint8Array): void {
    this.#put([head]);
  }

  /** Writes the whole request at once. */
  sendWhole(head: Uint8Array, body: Uint8Array): void {
    const isBare = body.byteLength === 0 && !this.#isChunked;
    this.#put(isBare ? [head] : [head, ...this.#framed(body), ...this.#ending()]);
  }

  /** Writes a piece of the body. */
  write(chunk: Uint8Array): Promise<void> | undefined {
    const isRoomy = this.#put(this.#framed(chunk));
    return isRoomy || this.#socket.destroyed ? undefined : drained(this.#socket);
  }

  /** Writes what says that the body is over. */
  end(): void {
    this.#put(this.#ending());
  }

  #framed(chunk: Uint8Array): readonly Uint8Array[] {
    // A chunk of size 0 would end the body.
    if (chunk.byteLength === 0) return [];
    if (!this.#isChunked) return [chunk];
    return [utf8(`${chunk.byteLength.toString(16)}\r\n`), chunk, CRLF];
  }

  #ending(): readonly Uint8Array[] {
    return this.#isChunked ? [LAST_CHUNK] : [];
  }

  /** One write: the other side should not see a head without the body that is there. */
  #put(parts: readonly Uint8Array[]): boolean {
    if (parts.length === 0 || this.#socket.destroyed) return true;
    return this.#socket.write(concatBytes(parts));
  }
}

function drained(socket: ByteSocket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off("drain", done);
      socket.off("close", done);
      resolve();
    };
    socket.on("drain", done);
    socket.on("close", done);
  });
}
