import { concatBytes } from "../base/bytes.ts";
import { WeirError } from "../base/errors.ts";
import { isHtmlType, isXmlType } from "./media-type.ts";

/** Bytes in which a document may name its own charset, WHATWG HTML section 13.2.3.2. */
const PRESCAN_BYTES = 1024;

const XML_ENCODING = /^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([^"']{1,40})["']/;
const META_CHARSET = /<meta[^>]{0,300}?charset\s*=\s*["']?\s*([^\s"'/>;]{1,40})/i;

/** What decides how bytes become text. */
export interface CharsetHints {
  /** `type/subtype`, or "". */
  readonly type: string;
  /** The charset parameter of the Content-Type. */
  readonly declared: string | undefined;
  /** The charset that `--response-charset` names; it wins over everything. */
  readonly wanted?: string | undefined;
}

/**
 * Returns the label of the charset that the first bytes of a body are in.
 *
 * Order: what was asked for, byte order mark, Content-Type, XML declaration or HTML meta element.
 *
 * @returns undefined when nothing says it: then UTF-8, and windows-1252 when it is not UTF-8
 */
export function findCharset(first: Uint8Array, hints: CharsetHints): string | undefined {
  const { type, declared, wanted } = hints;
  return (
    known(wanted) ??
    byteOrderMark(first) ??
    // Some servers take apostrophes for quotes.
    known(declared?.replaceAll("'", "")) ??
    known(inDocument(first, type))
  );
}

/**
 * Returns `label` when it names a charset.
 *
 * @throws {WeirError} USAGE_BAD_VALUE
 */
export function parseCharset(label: string): string {
  if (known(label) !== undefined) return label;
  throw new WeirError("USAGE_BAD_VALUE", `There is no charset ${JSON.stringify(label)}`, {
    hint: "--response-charset takes a label of the Encoding Standard, such as utf-8 or shift_jis",
    details: { flag: "response-charset" },
  });
}

function known(label: string | undefined): string | undefined {
  if (label === undefined) return undefined;
  try {
    return decoderOf(label).encoding;
  } catch {
    // A server may write anything here; the next rule decides.
    return undefined;
  }
}

function decoderOf(label: string): TextDecoder {
  // bun-types names a few labels only; the constructor checks all of the Encoding Standard.
  return new TextDecoder(label as ConstructorParameters<typeof TextDecoder>[0]);
}

function byteOrderMark(bytes: Uint8Array): string | undefined {
  const [first, second, third] = bytes;
  if (first === 0xef && second === 0xbb && third === 0xbf) return "utf-8";
  if (first === 0xff && second === 0xfe) return "utf-16le";
  return first === 0xfe && second === 0xff ? "utf-16be" : undefined;
}

function inDocument(bytes: Uint8Array, type: string): string | undefined {
  if (!isHtmlType(type) && !isXmlType(type)) return undefined;
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, PRESCAN_BYTES));
  const label = XML_ENCODING.exec(start)?.[1] ?? META_CHARSET.exec(start)?.[1];
  // A document that can be read as ASCII up to here is not in UTF-16, whatever it says.
  return label !== undefined && /^utf-?16/i.test(label) ? "utf-8" : label;
}

/** Turns the chunks of a body into text; never throws, and never splits a character. */
export class BodyDecoder {
  /** Set once the charset is certain. */
  #decoder: TextDecoder | undefined;
  /** Start of a character that the next chunk ends, while UTF-8 is only assumed. */
  #pending: Uint8Array = new Uint8Array();

  /** @param charset what `findCharset` returned */
  constructor(charset: string | undefined) {
    this.#decoder = charset === undefined ? undefined : decoderOf(charset);
  }

  /** Returns the text of `chunk`, without a character at its end that is not whole. */
  push(chunk: Uint8Array): string {
    if (this.#decoder !== undefined) return this.#decoder.decode(chunk, { stream: true });
    const held = this.#pending;
    const bytes = held.byteLength === 0 ? chunk : concatBytes([held, chunk]);
    const whole = wholeLength(bytes);
    const text = decodeUtf8(bytes.subarray(0, whole));
    if (text === undefined) {
      this.#decoder = new TextDecoder("windows-1252");
      return this.#decoder.decode(bytes, { stream: true });
    }
    this.#pending = bytes.slice(whole);
    return text;
  }

  /** Returns the rest when no chunk comes any more. */
  end(): string {
    if (this.#decoder !== undefined) return this.#decoder.decode();
    return new TextDecoder("windows-1252").decode(this.#pending);
  }
}

/** Returns the text of `bytes`, undefined when they are not UTF-8. A byte order mark stays. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // The only error a fatal decoder has is that the bytes are not valid.
    return undefined;
  }
}

/** Says whether `bytes`, which may stop inside a character, are UTF-8. */
export function isUtf8(bytes: Uint8Array): boolean {
  return decodeUtf8(bytes.subarray(0, wholeLength(bytes))) !== undefined;
}

/** Returns how many bytes are left when a UTF-8 character that is cut at the end is taken off. */
function wholeLength(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    const isContinuation = byte >= 0x80 && byte < 0xc0;
    if (isContinuation) continue;
    const wanted = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return wanted > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
