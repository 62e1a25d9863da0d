import type { Body } from "./body.ts";

/**
 * Returns the body in zlib format, for `Content-Encoding: deflate` (RFC 9110 section 8.4.1.2).
 *
 * @param isForced false: returns undefined when the result would not be smaller
 */
export async function deflateBody(body: Body, isForced: boolean): Promise<Body | undefined> {
  if (body.kind === "none") return undefined;
  if (body.kind === "stream") {
    const { open } = body;
    return { kind: "stream", replayable: body.replayable, open: () => deflateChunks(open()) };
  }
  const { deflateSync } = await import("node:zlib");
  const bytes = deflateSync(body.bytes);
  return isForced || bytes.byteLength < body.bytes.byteLength
    ? { kind: "bytes", bytes }
    : undefined;
}

async function* deflateChunks(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { createDeflate } = await import("node:zlib");
  const { Readable } = await import("node:stream");
  const deflate = createDeflate();
  const input = Readable.from(source, { objectMode: false });
  input.on("error", (error) => deflate.destroy(error));
  yield* input.pipe(deflate);
}
