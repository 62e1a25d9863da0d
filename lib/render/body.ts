import { type HeaderList, headerValue } from "../http/headers.ts";
import { isBinary, noteBox, SNIFF_BYTES } from "./binary.ts";
import { BodyDecoder, charsetOf } from "./charset.ts";
import type { BodyFormat, FormatContext } from "./format.ts";
import { formatFor } from "./index.ts";
import { LineSplitter } from "./lines.ts";
import { parseMediaType } from "./media-type.ts";
import type { View } from "./options.ts";
import { openBody } from "./replay.ts";
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

/** A body whose start has been looked at. */
interface KnownBody extends ShownBody {
  readonly type: string;
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
  const media = parseMediaType(body.mime ?? headerValue(body.headers, "content-type"));
  const isLive = view.options.isStreamed || media.type === "text/event-stream";
  const { first, chunks } = await openBody(body.chunks, isLive ? 1 : SNIFF_BYTES);
  const charset = charsetOf(first, { media, wanted: body.charset });
  if (first.byteLength > 0 && (body.isEncoded || isBinary({ type: media.type, charset, first }))) {
    if (view.options.isTerminal) yield await binaryNote({ ...body, chunks }, media.type, view);
    else yield* chunks;
    return;
  }
  const decoder = new BodyDecoder(charset);
  const format = wantedFormat(media.type, view);
  yield* renderText({ ...body, chunks, type: media.type, decoder, format }, isLive, view);
}

function wantedFormat(type: string, { options }: View): BodyFormat | undefined {
  const { isFormatted, isColored } = options.pretty;
  return isFormatted || isColored ? formatFor(type) : undefined;
}

function renderText(body: KnownBody, isLive: boolean, view: View): AsyncGenerator<string> {
  const { format } = body;
  if (format === undefined || (isLive && format.takes === "body")) return passText(body, view);
  const isByLine = format.takes === "line" || isLive;
  return isByLine ? formatLines(body, format, view) : formatWhole(body, format, view);
}

/** Yields text as it arrives. */
async function* passText({ chunks, decoder }: KnownBody, view: View): AsyncGenerator<string> {
  const cleaner = view.newCleaner();
  for await (const chunk of chunks) {
    const text = cleaner.push(decoder.push(chunk));
    if (text !== "") yield text;
  }
  const rest = cleaner.push(decoder.end()) + cleaner.end();
  if (rest !== "") yield rest;
}

async function* formatLines(
  { chunks, decoder }: KnownBody,
  format: BodyFormat,
  view: View,
): AsyncGenerator<string> {
  const splitter = new LineSplitter();
  const show = ({ text, isWhole }: { text: string; isWhole: boolean }): string => {
    const line = text.replace(/\r?\n$/, "");
    const pieces = isWhole ? format.format(line, contextOf(view)) : undefined;
    return pieces === undefined
      ? view.cleanText(text)
      : [...pieces].join("") + (text.endsWith("\n") ? "\n" : "");
  };
  for await (const chunk of chunks) {
    for (const part of splitter.push(decoder.push(chunk))) yield show(part);
  }
  for (const part of splitter.push(decoder.end())) yield show(part);
  for (const part of splitter.end()) yield show(part);
}

async function* formatWhole(
  body: KnownBody,
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

/** Bytes read on to tell the size of a body that is not shown. */
const COUNTED_BYTES = 1_048_576;

async function binaryNote(body: ShownBody, type: string, view: View): Promise<string> {
  const isLive = view.options.isStreamed;
  const size = declaredSize(body.headers) ?? (isLive ? "" : await countedSize(body.chunks));
  body.cancel();
  const note = noteBox({
    reason: "binary data not shown in terminal",
    type,
    size,
    advice: "Save it with --output FILE",
  });
  return view.painter.paint("note", note);
}

/** Content-Length tells the size unless it is that of a coding. */
function declaredSize(headers: HeaderList): string | undefined {
  const length = headerValue(headers, "content-length");
  const isCoded = headerValue(headers, "content-encoding") !== undefined;
  if (length === undefined || isCoded || !/^\d{1,15}$/.test(length)) return undefined;
  return formatBytes(Number(length));
}

async function countedSize(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.byteLength;
    if (size > COUNTED_BYTES) return `more than ${formatBytes(COUNTED_BYTES)}`;
  }
  return formatBytes(size);
}
