import { utf8 } from "../base/bytes.ts";
import type { HeaderEntry, HeaderList } from "../http/headers.ts";

const ASCII = /^[\x00-\x7f]*$/; // oxlint-disable-line no-control-regex -- it is the range of ASCII
const strict = new TextDecoder("utf-8", { fatal: true });

/** Returns a string with one character a byte of the UTF-8 form of `text`, as node:http sends it. */
export function toWireText(text: string): string {
  return ASCII.test(text) ? text : bytesAsText(utf8(text));
}

/** Returns a string with one character a byte. */
export function bytesAsText(bytes: Uint8Array): string {
  // Not by spreading: the number of arguments of a call is limited.
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

/** Returns the text of bytes that came as one character each: UTF-8 when it is, else Latin-1. */
export function fromWireText(text: string): string {
  if (ASCII.test(text)) return text;
  try {
    return strict.decode(Uint8Array.from(text, (character) => character.charCodeAt(0)));
  } catch {
    // Not UTF-8: every byte is a character of Latin-1, and that is the form it has already.
    return text;
  }
}

/** Returns header lines from a flat list of names and values as received. */
export function headersFromWire(flat: readonly string[]): HeaderList {
  const lines: HeaderEntry[] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) {
    lines.push([fromWireText(flat[at] ?? ""), fromWireText(flat[at + 1] ?? "")]);
  }
  return lines;
}
