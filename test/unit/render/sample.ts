import { collectBytes, concatBytes, utf8 } from "../../../lib/base/bytes.ts";
import { NO_BODY } from "../../../lib/http/body.ts";
import type { Exchange, Hop, SentRequest } from "../../../lib/http/exchange.ts";
import type { HeaderList } from "../../../lib/http/headers.ts";
import type { RenderOptions } from "../../../lib/render/options.ts";
import { DEFAULT_FORMAT_OPTIONS } from "../../../lib/render/pretty.ts";
import { parsePrint } from "../../../lib/render/print.ts";
import { type OutputPiece, renderExchange, renderOffline } from "../../../lib/render/write.ts";

/** A request as a test needs it. */
export function sampleRequest(change: Partial<SentRequest> = {}): SentRequest {
  return {
    method: "GET",
    url: new URL("http://api.test/x?q=1"),
    target: "/x?q=1",
    headers: [["Host", "api.test"]],
    body: NO_BODY,
    ...change,
  };
}

/** What a test says about a response. */
export interface SampleResponse {
  readonly status?: number;
  readonly reason?: string;
  readonly headers?: HeaderList;
  /** Chunks; an Error is thrown in its place. */
  readonly chunks?: readonly (string | Uint8Array | Error)[];
  readonly earlier?: readonly Hop[];
  readonly request?: SentRequest;
  readonly cancel?: () => void;
}

/** An exchange whose body comes in the chunks given. */
export function sampleExchange(given: SampleResponse = {}): Exchange {
  const hop = sampleHop(given);
  const chunks = given.chunks ?? [];
  const size = concatBytes(chunks.flatMap((chunk) => bytesOf(chunk))).byteLength;
  return {
    draft: {
      method: "GET",
      url: hop.request.url,
      headers: [],
      defaults: [],
      unset: [],
      body: NO_BODY,
    },
    hops: [...(given.earlier ?? []), hop],
    response: hop.response,
    body: {
      chunks: chunksOf(chunks),
      trailers: () => [],
      counts: () => ({ wireBytes: size, decodedBytes: size }),
      cancel: given.cancel ?? (() => undefined),
    },
    elapsedMs: 123.4567,
  };
}

/** One hop; `body` is what was kept of a response that was not the last. */
export function sampleHop(given: SampleResponse = {}, body?: Uint8Array): Hop {
  return {
    request: given.request ?? sampleRequest(),
    response: {
      status: given.status ?? 200,
      reason: given.reason ?? "OK",
      httpVersion: "1.1",
      headers: given.headers ?? [["Content-Type", "application/json"]],
    },
    body,
    timings: { dnsMs: 1.25, connectMs: 0.4, firstByteMs: 20 },
    connection: { address: "192.0.2.1", port: 80, isReused: false },
  };
}

/** Yields chunks, and throws where one is an Error. */
export async function* chunksOf(
  chunks: readonly (string | Uint8Array | Error)[],
): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    if (chunk instanceof Error) throw chunk;
    yield* bytesOf(chunk);
  }
}

function bytesOf(chunk: string | Uint8Array | Error): Uint8Array[] {
  if (chunk instanceof Error) return [];
  return [typeof chunk === "string" ? utf8(chunk) : chunk];
}

/** What a test changes of the options; `print` in letters. */
export type SampleOptions = Partial<Omit<RenderOptions, "print">> & { readonly print?: string };

/** The options of a plain run in a pipe. */
export function pipeOptions({ print = "b", ...change }: SampleOptions = {}): RenderOptions {
  return {
    pretty: { isFormatted: false, isColored: false },
    style: "auto",
    formatOptions: DEFAULT_FORMAT_OPTIONS,
    isTerminal: false,
    isStreamed: false,
    showAll: false,
    maxBodyBytes: 1_000_000,
    ...change,
    print: parsePrint(print),
  };
}

/** The options of a run on a terminal without colour. */
export function terminalOptions(change: SampleOptions = {}): RenderOptions {
  const pretty = { isFormatted: true, isColored: false };
  return pipeOptions({ print: "hb", pretty, isTerminal: true, ...change });
}

/** Everything that is printed of an exchange, as text. */
export function printed(exchange: Exchange, options: RenderOptions): Promise<string> {
  return textOf(renderExchange(exchange, options));
}

/** Everything that is printed of a request that is not sent, as text. */
export function printedOffline(request: SentRequest, options: RenderOptions): Promise<string> {
  return textOf(renderOffline(request, options));
}

/** The bytes of pieces of output. */
export function outputBytes(pieces: AsyncIterable<OutputPiece>): Promise<Uint8Array> {
  return collectBytes(asBytes(pieces));
}

async function textOf(pieces: AsyncIterable<OutputPiece>): Promise<string> {
  return new TextDecoder().decode(await outputBytes(pieces));
}

async function* asBytes(pieces: AsyncIterable<OutputPiece>): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) yield typeof piece === "string" ? utf8(piece) : piece;
}
