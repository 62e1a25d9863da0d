import { hasHeader, type HeaderList, headerValue } from "../http/headers.ts";
import { charsetOf } from "../http/media-type.ts";
import { isBinary, noteBox, SNIFF_BYTES } from "./binary.ts";
import { BodyDecoder, findCharset } from "./charset.ts";
import type { BodyFormat, FormatContext } from "./format.ts";
import { formatFor } from "./index.ts";
import { type LinePart, LineSplitter } from "./lines.ts";
import { essenceOf } from "./media-type.ts";
import type { View } from "./options.ts";
import { openBody, type OpenedBody } from "./replay.ts";
import { formatBytes } from "./size.ts";

/** The body of a request or of a response. */
export interface ShownBody {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** The headers it was sent with. */
  readonly headers: HeaderList;
  /** Win over what the headers say. */
  readonly charset?: string | undefined;
  readonly mime?: string | undefined;
  /** True when the bytes still have a content coding. */
  readonly isEncoded: boolean;
  /** Closes the source when the rest is not wanted. */
  readonly cancel: () => void;
}

/** A body that is text. */
interface TextBody {
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly decoder: BodyDecoder;
  readonly format: BodyFormat | undefined;
}

/**
 * Yields a body as it is to be printed: bytes untouched for a pipe, else text.
 *
 * Data that is no text is replaced by a note on a terminal and goes through as bytes elsewhere. When
 * the body breaks off, what came before is yielded and then the error is thrown.
 */
export async function* renderBody(
  body: ShownBody,
  view: View,
): AsyncGenerator<string | Uint8Array> {
  if (view.isRaw) {
    yield* body.chunks;
    return;
  }
  const contentType = headerValue(body.headers, "content-type") ?? "";
  const type = essenceOf(body.mime ?? contentType);
  const format = wantedFormat(type, view);
  const isLive =
    view.options.isStreamed || type === "text/event-stream" || format?.takes === "line";
  const opened = await openBody(body.chunks, isLive ? 1 : SNIFF_BYTES);
  const { first, chunks } = opened;
  const declared = charsetOf(body.mime ?? "") ?? charsetOf(contentType);
  const charset = findCharset(first, { type, declared, wanted: body.charset });
  const isText = !body.isEncoded && !isBinary({ type, charset, first });
  if (first.byteLength === 0 || isText) {
    const decoder = new BodyDecoder(charset);
    yield* renderText({ chunks, decoder, format }, isLive, view);
  } else if (view.options.isTerminal) {
    body.cancel();
    await opened.close();
    yield view.painter.paint("note", binaryNote(body, opened, type));
  } else {
    yield* chunks;
  }
}

function wantedFormat(type: string, { options }: View): BodyFormat | undefined {
  const { isFormatted, isColored } = options.pretty;
  return isFormatted || isColored ? formatFor(type) : undefined;
}

function renderText(body: TextBody, isLive: boolean, view: View): AsyncGenerator<string> {
  const { format } = body;
  if (format === undefined || (isLive && format.takes === "body")) return passText(body, view);
  return isLive ? formatLines(body, format, view) : formatWhole(body, format, view);
}

/** Yields text as it arrives. */
async function* passText({ chunks, decoder }: TextBody, view: View): AsyncGenerator<string> {
  const cleaner = view.newCleaner();
  for await (const chunk of chunks) {
    const text = cleaner.push(decoder.push(chunk));
    if (text !== "") yield text;
  }
  const rest = cleaner.push(decoder.end()) + cleaner.end();
  if (rest !== "") yield rest;
}

/** Yields what each chunk ends in one piece, so that a line does not cost a write. */
async function* formatLines(
  { chunks, decoder }: TextBody,
  format: BodyFormat,
  view: View,
): AsyncGenerator<string> {
  const splitter = new LineSplitter();
  const show = (parts: Iterable<LinePart>): string =>
    Array.from(parts, (part) => formatLine(part, format, view)).join("");
  for await (const chunk of chunks) {
    const text = show(splitter.push(decoder.push(chunk)));
    if (text !== "") yield text;
  }
  const rest = show(splitter.push(decoder.end())) + show(splitter.end());
  if (rest !== "") yield rest;
}

function formatLine({ text, isWhole }: LinePart, format: BodyFormat, view: View): string {
  const line = text.replace(/\r?\n$/, "");
  const pieces = isWhole ? format.format(line, contextOf(view)) : undefined;
  if (pieces === undefined) return view.cleanText(text);
  return [...pieces].join("") + (text.endsWith("\n") ? "\n" : "");
}

async function* formatWhole(
  body: TextBody,
  format: BodyFormat,
  view: View,
): AsyncGenerator<string> {
  const { maxBodyBytes, warn } = view.options;
  const { first, chunks, isWhole } = await openBody(body.chunks, maxBodyBytes + 1);
  if (!isWhole) {
    if (first.byteLength > maxBodyBytes) warn?.(tooLarge(maxBodyBytes));
    yield* passText({ ...body, chunks }, view);
    return;
  }
  const text = body.decoder.push(first) + body.decoder.end();
  yield* format.format(text, contextOf(view)) ?? [view.cleanText(text)];
}

function tooLarge(capBytes: number): string {
  return `The body is larger than ${formatBytes(capBytes)} and is printed without formatting; raise the cap with --max-body`;
}

function contextOf({ options, painter, cleanText }: View): FormatContext {
  const { formatOptions, pretty } = options;
  return { options: formatOptions, isFormatted: pretty.isFormatted, painter, clean: cleanText };
}

function binaryNote({ headers }: ShownBody, { first, isWhole }: OpenedBody, type: string): string {
  return noteBox({
    reason: "binary data not shown in terminal",
    type,
    size: isWhole ? formatBytes(first.byteLength) : declaredSize(headers),
    advice: "Save it with --output FILE",
  });
}

/** What Content-Length says. Nothing is counted: a radio station would never come to an end. */
function declaredSize(headers: HeaderList): string {
  const length = headerValue(headers, "content-length") ?? "";
  if (!/^\d{1,15}$/.test(length)) return "size not known";
  const isCoded = hasHeader(headers, "content-encoding");
  return `${formatBytes(Number(length))}${isCoded ? " compressed" : ""}`;
}
