import { collectBytes, utf8 } from "../base/bytes.ts";
import { type Body, bodyLength, readBody } from "../http/body.ts";
import type { Exchange, Hop, ResponseHead, SentRequest } from "../http/exchange.ts";
import { headerValue } from "../http/headers.ts";
import { noteBox } from "./binary.ts";
import { renderBody, type ShownBody } from "./body.ts";
import { decodeUtf8 } from "./charset.ts";
import { type HeadOptions, type Mask, renderRequestHead, renderResponseHead } from "./head.ts";
import { Layout } from "./layout.ts";
import { essenceOf } from "./media-type.ts";
import { renderHopMeta, renderMeta } from "./meta.ts";
import { type RenderOptions, type View, viewOf } from "./options.ts";
import { formatBytes } from "./size.ts";

/** A piece of standard output. */
export type OutputPiece = string | Uint8Array;

/**
 * Yields the parts of an exchange that were asked for, in the order they went over the wire.
 *
 * Requests of all hops are printed; responses of hops that were not the last only with `showAll`.
 * Reads the body of the response when it is printed and leaves it alone when it is not. Throws what
 * the body throws, after what came before it.
 */
export async function* renderExchange(
  exchange: Exchange,
  options: RenderOptions,
): AsyncGenerator<OutputPiece> {
  const view = viewOf(options);
  const layout = new Layout();
  const earlier = exchange.hops.slice(0, -1);
  for (const hop of earlier) {
    yield* renderRequest(hop.request, { view, layout, isUnsent: false });
    if (options.showAll) yield* renderResponse(earlierResponse(hop, view), view, layout);
  }
  const last = exchange.hops.at(-1);
  if (last !== undefined) yield* renderRequest(last.request, { view, layout, isUnsent: false });
  yield* renderResponse(finalResponse(exchange, view), view, layout);
  if (options.isTerminal) yield layout.lineEnd();
}

/** Yields head and body of a request that is not going to be sent. */
export async function* renderOffline(
  request: SentRequest,
  options: RenderOptions,
): AsyncGenerator<OutputPiece> {
  const layout = new Layout();
  yield* renderRequest(request, { view: viewOf(options), layout, isUnsent: true });
  if (options.isTerminal) yield layout.lineEnd();
}

function headOptions({ options, painter, cleanLine, isRaw }: View): HeadOptions {
  return {
    painter,
    isSorted: options.formatOptions.headers.isSorted && options.pretty.isFormatted,
    clean: cleanLine,
    // As on the wire, so that what `--offline` prints can be sent with nc, as with HTTPie.
    lineEnd: isRaw ? "\r\n" : "\n",
  };
}

interface RequestContext {
  readonly view: View;
  readonly layout: Layout;
  /** True: nobody has read the body, so that even one that can be read once may be shown. */
  readonly isUnsent: boolean;
}

async function* renderRequest(
  request: SentRequest,
  { view, layout, isUnsent }: RequestContext,
): AsyncGenerator<OutputPiece> {
  const { print, mask } = view.options;
  if (print.showRequestHead) yield layout.head(renderRequestHead(request, headOptions(view), mask));
  if (!print.showRequestBody) return;
  const pieces = isShown(request.body, isUnsent)
    ? renderBody(requestBody(request, mask), view)
    : [streamNote(request.body, view)];
  yield* layout.part(pieces);
}

/** Request bodies from a stream are read again, and masked, up to this size. */
const SMALL_BODY_BYTES = 1_048_576;

function isSmall(body: Body): boolean {
  return (bodyLength(body) ?? Infinity) < SMALL_BODY_BYTES;
}

function isShown(body: Body, isUnsent: boolean): boolean {
  return body.kind !== "stream" || isUnsent || (body.replayable && isSmall(body));
}

function streamNote(body: Body, { painter }: View): string {
  const length = bodyLength(body);
  const size = length === undefined ? "" : ` ${formatBytes(length)},`;
  const reason = `body from a stream,${size} not shown`;
  return painter.paint("note", noteBox({ reason, type: "", size: "", advice: "" }));
}

function requestBody({ body, headers }: SentRequest, mask: Mask | undefined): ShownBody {
  const canMask = mask !== undefined && (body.kind === "bytes" || isSmall(body));
  const coding = headerValue(headers, "content-encoding") ?? "identity";
  return {
    chunks: canMask ? maskBody(body, mask) : readBody(body),
    headers,
    isEncoded: coding.toLowerCase() !== "identity",
    cancel: () => undefined,
  };
}

/** Masks a body that is text; a secret can be put into a body only as text. */
async function* maskBody(body: Body, mask: Mask): AsyncGenerator<Uint8Array> {
  const bytes = await collectBytes(readBody(body));
  const text = decodeUtf8(bytes);
  const masked = text === undefined ? undefined : mask(":body", text);
  yield masked === undefined || masked === text ? bytes : utf8(masked);
}

/** A response with everything that may be printed of it. */
interface ShownResponse {
  readonly head: ResponseHead;
  readonly body: ShownBody;
  /** Asked after the body, when times and sizes are known. */
  readonly meta: () => string;
}

function earlierResponse(hop: Hop, view: View): ShownResponse {
  const bytes = hop.body ?? new Uint8Array();
  return {
    head: hop.response,
    body: responseBody(hop.response, { chunks: readBody({ kind: "bytes", bytes }) }, view),
    meta: () => renderHopMeta(hop, view.painter),
  };
}

function finalResponse(exchange: Exchange, view: View): ShownResponse {
  const { mask, elapsedMs } = view.options;
  const { response, body } = exchange;
  return {
    head: response,
    body: responseBody(response, { chunks: body.chunks, cancel: () => body.cancel() }, view),
    meta: () =>
      renderMeta(exchange, {
        painter: view.painter,
        elapsedMs: elapsedMs?.() ?? exchange.elapsedMs,
        mask,
      }),
  };
}

function responseBody(
  { headers }: ResponseHead,
  source: { readonly chunks: AsyncIterable<Uint8Array>; readonly cancel?: () => void },
  { options }: View,
): ShownBody {
  return {
    chunks: source.chunks,
    cancel: source.cancel ?? (() => undefined),
    headers,
    charset: options.responseCharset,
    mime: options.responseMime,
    isEncoded: false,
  };
}

/** Times and sizes are those of the whole response; a stream of events has no whole. */
async function readThrough({ chunks, headers }: ShownBody): Promise<void> {
  if (essenceOf(headerValue(headers, "content-type") ?? "") === "text/event-stream") return;
  const reader = chunks[Symbol.asyncIterator]();
  while ((await reader.next()).done !== true);
}

async function* renderResponse(
  { head, body, meta }: ShownResponse,
  view: View,
  layout: Layout,
): AsyncGenerator<OutputPiece> {
  const { print } = view.options;
  if (print.showResponseHead) yield layout.head(renderResponseHead(head, headOptions(view)));
  if (print.showResponseBody) yield* layout.part(renderBody(body, view));
  else if (print.showMeta) await readThrough(body);
  if (print.showMeta) yield* layout.part([meta()]);
}
