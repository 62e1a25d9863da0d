import { JSON_DEPTH_LIMIT, jsonProblem } from "../../../base/json-tree.ts";
import { charsetOf, isJson, isText, parseMediaType } from "../../../http/media-type.ts";
import { BodyDecoder, decodeUtf8, findCharset } from "../../../render/charset.ts";
import type { ResponseType } from "./settings.ts";

/** A body, read. */
export type Decoded =
  /** `exactNumbers`: integers that a number cannot hold, kept as texts of their digits. */
  | { readonly kind: "value"; readonly data: unknown; readonly exactNumbers: number }
  /** Of a JSON type and no JSON. */
  | { readonly kind: "broken"; readonly text: string; readonly reason: string }
  | { readonly kind: "binary" };

/**
 * Returns what the bytes of a body stand for.
 *
 * No bytes are null. JSON types are parsed, other texts decoded, and what is neither is left alone.
 *
 * @param contentType "" when the response has none
 */
export function decodeBody(
  bytes: Uint8Array,
  contentType: string,
  wanted: ResponseType | undefined,
): Decoded {
  if (wanted === "binary") return bytes.byteLength === 0 ? nothing() : { kind: "binary" };
  if (bytes.byteLength === 0) return nothing();
  if (wanted !== "text" && isPlainJson(bytes, contentType)) {
    const text = plainText(bytes);
    if (text !== undefined) return decodeJsonText(text);
  }
  if (wanted === "json" || (wanted === undefined && isJson(contentType))) {
    return decodeJson(bytes, contentType);
  }
  if (wanted === undefined && isBinary(bytes, contentType)) return { kind: "binary" };
  return { kind: "value", data: textOf(bytes, contentType), exactNumbers: 0 };
}

/** Returns the start of a body as text, at most `capBytes` of it, whatever it is. */
export function previewOf(bytes: Uint8Array, contentType: string, capBytes: number): string {
  return textOf(bytes.subarray(0, capBytes), contentType);
}

function nothing(): Decoded {
  return { kind: "value", data: null, exactNumbers: 0 };
}

function isBinary(bytes: Uint8Array, contentType: string): boolean {
  if (contentType !== "" && !isText(contentType)) return true;
  const charset = findCharset(bytes, { type: "", declared: charsetOf(contentType) });
  return charset === undefined && bytes.includes(0);
}

function textOf(bytes: Uint8Array, contentType: string): string {
  const media = parseMediaType(contentType);
  const type = media === undefined ? "" : `${media.type}/${media.subtype}`;
  const decoder = new BodyDecoder(findCharset(bytes, { type, declared: charsetOf(contentType) }));
  return decoder.push(bytes) + decoder.end();
}

/** What most bodies are: then nothing about the charset has to be found out. */
const PLAIN_JSON = /^application\/json(?:; ?charset=utf-8)?$/i;
/** Made once: making a decoder takes longer than decoding a small body. */
const plainDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A first byte of ASCII rules a byte order mark out. */
function isPlainJson(bytes: Uint8Array, contentType: string): boolean {
  return (bytes[0] ?? 0) < 0x80 && PLAIN_JSON.test(contentType);
}

function plainText(bytes: Uint8Array): string | undefined {
  try {
    return plainDecoder.decode(bytes);
  } catch {
    // Not UTF-8: the long way says so.
    return undefined;
  }
}

/** JSON is UTF-8 (RFC 8259 section 8.1) unless its type says something else. */
function decodeJson(bytes: Uint8Array, contentType: string): Decoded {
  const charset = findCharset(bytes, { type: "", declared: charsetOf(contentType) });
  const text =
    charset === undefined || charset === "utf-8" ? decodeUtf8(bytes) : textOf(bytes, contentType);
  if (text === undefined) {
    return { kind: "broken", text: textOf(bytes, contentType), reason: "it is not UTF-8" };
  }
  return decodeJsonText(text.startsWith("\ufeff") ? text.slice(1) : text);
}

function decodeJsonText(bare: string): Decoded {
  if (bare.trim() === "") return nothing();
  if (nestsDeeper(bare, JSON_DEPTH_LIMIT)) {
    const reason = `it nests more than ${JSON_DEPTH_LIMIT} levels deep`;
    return { kind: "broken", text: bare, reason };
  }
  return parse(bare);
}

/** Calls `revive` with the text of each value; the types of the language lack that parameter. */
type ParseWithSource = (
  text: string,
  revive: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
) => unknown;
// Both runtimes have it: "JSON.parse source text access".
const parseWithSource: ParseWithSource = JSON.parse as ParseWithSource;

/** Longest text that is read once more to say where it stops being JSON. */
const EXPLAINED_LENGTH = 4 * 1024 * 1024;

/** Digits that may be more than a number holds exactly. */
const LONG_DIGITS = /\d{16}/;
const INTEGER = /^-?\d+$/;

function parse(text: string): Decoded {
  let exactNumbers = 0;
  try {
    if (!LONG_DIGITS.test(text)) return { kind: "value", data: JSON.parse(text), exactNumbers };
    const data = parseWithSource(text, (_, value, { source }) => {
      const isChanged =
        typeof value === "number" && !Number.isSafeInteger(value) && INTEGER.test(source ?? "");
      if (!isChanged) return value;
      // An id that lost its last digits would be another id: as a text it stays what it is.
      exactNumbers += 1;
      return source;
    });
    return { kind: "value", data, exactNumbers };
  } catch {
    const isShort = text.length <= EXPLAINED_LENGTH;
    return { kind: "broken", text, reason: isShort ? jsonProblem(text) : "it does not parse" };
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Says whether arrays and objects nest deeper than `limit`; later steps walk data recursively. */
function nestsDeeper(text: string, limit: number): boolean {
  if (text.length <= limit) return false;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = stringEnd(text, at + 1);
      if (at < 0) return false;
    } else if (code === 0x7b || code === 0x5b) {
      depth += 1;
      if (depth > limit) return true;
    } else if (code === 0x7d || code === 0x5d) {
      depth -= 1;
    }
  }
  return false;
}

/** Returns the offset of the quote that ends a string, -1 when none does. */
function stringEnd(text: string, from: number): number {
  for (let quote = text.indexOf('"', from); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let slashes = 0;
    while (quote - slashes > from && text.charCodeAt(quote - slashes - 1) === BACKSLASH)
      slashes += 1;
    if (slashes % 2 === 0) return quote;
  }
  return -1;
}
