import type { Transform } from "node:stream";
import { concatBytes } from "../base/bytes.ts";
import { codeOf, messageOf, WeirError } from "../base/errors.ts";
import type { ResponseBody } from "../http/exchange.ts";
import { hasHeader, type HeaderList, headerValues } from "../http/headers.ts";
import { placeText, wireError } from "./errors.ts";
import { targetOf } from "./host.ts";
import { tooLarge } from "./intake.ts";
import { ZstdFrames } from "./zstd-frames.ts";
import type { HostPort, WireRequest, WireResponse } from "./wire.ts";

/** Content codings that are undone, RFC 9110 section 8.4.1 and RFC 8878. */
type Coding = "gzip" | "br" | "zstd" | "deflate";

const CODINGS: Readonly<Record<string, Coding | "identity">> = {
  gzip: "gzip",
  "x-gzip": "gzip",
  br: "br",
  zstd: "zstd",
  deflate: "deflate",
  identity: "identity",
};

/** More codings than this on one body are a trap, not a saving. */
const LAYER_LIMIT = 3;

/**
 * Returns the codings of a body in the order they were applied.
 *
 * An unknown coding leaves the whole body as it is: undefined.
 *
 * @throws {WeirError} BODY_ENCODING when there are more than three
 */
export function codingsOf(headers: HeaderList, from: HostPort): readonly Coding[] | undefined {
  const names = headerValues(headers, "Content-Encoding")
    .flatMap((value) => value.split(","))
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "");
  const codings = names.map((name) => (Object.hasOwn(CODINGS, name) ? CODINGS[name] : undefined));
  if (codings.includes(undefined)) return undefined;
  const real = codings.filter((one) => one !== undefined && one !== "identity");
  if (real.length <= LAYER_LIMIT) return real;
  throw wireError(
    "BODY_ENCODING",
    `${placeText(from)} sent a body that is encoded ${real.length} times over`,
    { ...from, phase: "body" },
    {
      hint: `weir undoes ${LAYER_LIMIT} codings; save the body as it is with --download`,
      details: { codings: names },
    },
  );
}

/** Returns the body of `response` without its content codings, under the caps of the request. */
export function decodeBody(response: WireResponse, request: WireRequest): ResponseBody {
  const { body, head } = response;
  const { decodedCapBytes } = request.limits;
  const isEncoded = request.isDecoded && hasHeader(head.headers, "Content-Encoding");
  // Most bodies are neither encoded nor capped, and every layer costs each chunk some turns.
  if (!isEncoded && decodedCapBytes === undefined) return body;
  const { host, port } = targetOf(request.url);
  const counter = { decodedBytes: 0 };
  const source = isEncoded ? decoded(body, head.headers, { host, port }) : body.chunks;
  return {
    chunks: capped(source, decodedCapBytes ?? Number.POSITIVE_INFINITY, counter),
    trailers: () => body.trailers(),
    counts: () => ({
      wireBytes: body.counts().wireBytes,
      decodedBytes: counter.decodedBytes,
    }),
    cancel: () => body.cancel(),
  };
}

/** Passes on up to `capBytes`, then throws; leaving it early cancels the body. */
async function* capped(
  source: AsyncIterable<Uint8Array>,
  capBytes: number,
  counter: { decodedBytes: number },
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    const room = capBytes - counter.decodedBytes;
    if (chunk.byteLength > room) {
      counter.decodedBytes = capBytes;
      if (room > 0) yield chunk.subarray(0, room);
      throw tooLarge(capBytes, capBytes + chunk.byteLength - room);
    }
    counter.decodedBytes += chunk.byteLength;
    yield chunk;
  }
}

async function* decoded(
  body: ResponseBody,
  headers: HeaderList,
  from: HostPort,
): AsyncGenerator<Uint8Array> {
  try {
    const codings = codingsOf(headers, from) ?? [];
    yield* codings.toReversed().reduce((source, coding) => undo(source, coding, from), body.chunks);
  } finally {
    body.cancel();
  }
}

/** Undoes one coding; a body without a byte has none. */
async function* undo(
  source: AsyncIterable<Uint8Array>,
  coding: Coding,
  from: HostPort,
): AsyncGenerator<Uint8Array> {
  const whole = coding === "zstd" ? requireWholeFrames(source, from) : source;
  const input = whole[Symbol.asyncIterator]();
  const first = await readStart(input);
  if (first === undefined) return;
  const decoder = await createDecoder(coding, first);
  // Not waited for: it may wait for bytes that never come, and it cannot fail.
  void feed(decoder, first, input);
  try {
    for await (const chunk of decoder) yield chunk;
  } catch (error) {
    throw error instanceof WeirError ? error : broken(coding, from, error);
  } finally {
    decoder.destroy();
  }
}

async function* requireWholeFrames(
  source: AsyncIterable<Uint8Array>,
  from: HostPort,
): AsyncGenerator<Uint8Array> {
  const frames = new ZstdFrames();
  for await (const chunk of source) {
    frames.push(chunk);
    yield chunk;
  }
  if (!frames.isComplete) throw broken("zstd", from, { code: "Z_BUF_ERROR" });
}

/** Returns the first two bytes or more, which tell the two forms of deflate apart. */
async function readStart(input: AsyncIterator<Uint8Array>): Promise<Uint8Array | undefined> {
  let start: Uint8Array | undefined;
  while (start === undefined || start.byteLength < 2) {
    const { done, value } = await input.next();
    if (done === true) return start;
    start = start === undefined ? value : concatBytes([start, value]);
  }
  return start;
}

/** Writes the source into the decoder; a failure of the source becomes that of the decoder. */
async function feed(
  decoder: Transform,
  first: Uint8Array,
  input: AsyncIterator<Uint8Array>,
): Promise<void> {
  try {
    let chunk: Uint8Array | undefined = first;
    while (chunk !== undefined && !decoder.destroyed) {
      if (!decoder.write(chunk)) await drained(decoder);
      const next: IteratorResult<Uint8Array> = await input.next();
      chunk = next.done === true ? undefined : next.value;
    }
    if (chunk === undefined) decoder.end();
    else await input.return?.();
  } catch (error) {
    decoder.destroy(error instanceof Error ? error : new Error(messageOf(error)));
  }
}

function drained(decoder: Transform): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      decoder.off("drain", done);
      decoder.off("close", done);
      resolve();
    };
    decoder.on("drain", done);
    decoder.on("close", done);
    if (decoder.destroyed) done();
  });
}

async function createDecoder(coding: Coding, first: Uint8Array): Promise<Transform> {
  const zlib = await import("node:zlib");
  switch (coding) {
    case "gzip":
      return zlib.createGunzip();
    case "br":
      return zlib.createBrotliDecompress();
    case "zstd":
      return zlib.createZstdDecompress();
    case "deflate":
      return isZlib(first) ? zlib.createInflate() : zlib.createInflateRaw();
  }
}

/** Some servers send raw deflate under this name; a zlib header is known by its check bits. */
function isZlib([first = 0, second = 0]: Uint8Array): boolean {
  return (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0;
}

function broken(coding: Coding, from: HostPort, cause: unknown): WeirError {
  const isCut = codeOf(cause) === "Z_BUF_ERROR";
  const how = isCut ? `ends before its ${coding} data does` : `is not valid ${coding} data`;
  return wireError(
    "BODY_ENCODING",
    `${placeText(from)} sent a body that ${how}`,
    { ...from, phase: "body" },
    { hint: "Save the body as it was received with --download", cause, details: { coding } },
  );
}
