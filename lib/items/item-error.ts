import { type ErrorCode, WeirError } from "../base/errors.ts";

/** What is wrong with an item, and where. */
export interface ItemFault {
  /** Says after the item what it is or does, for example "is not valid JSON". */
  readonly what: string;
  /** Offset of the character to point at, from 0. */
  readonly offset: number;
  /** Why, after the place. */
  readonly reason?: string | undefined;
  readonly hint: string;
  /** USAGE_BAD_ITEM when not given. */
  readonly code?: ErrorCode | undefined;
  readonly cause?: unknown;
}

/** Characters of a long item that are shown: an argument may have 128 KiB. */
const SHOWN = 72;

/** Two columns wide in a terminal: East Asian scripts and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

/**
 * Returns an error that quotes the item and points at one of its characters.
 *
 * Its details are `item` (as shown), `offset` from 0, and `frame`: the item and, on a second line, a
 * caret under the character.
 */
export function itemError(text: string, fault: ItemFault): WeirError {
  const { what, offset, reason, hint, code = "USAGE_BAD_ITEM", cause } = fault;
  const place = countCharacters(text, offset) + 1;
  const why = reason === undefined ? "" : `: ${reason}`;
  const message = `Item ${quoteItem(text, offset)} ${what} at character ${place}${why}`;
  return new WeirError(code, message, {
    hint,
    details: { item: clip(text, offset).shown, offset, frame: frameOf(text, offset) },
    cause,
  });
}

/** Returns an item in double quotes on one line, cut around `offset` when it is long. */
export function quoteItem(text: string, offset = 0): string {
  return `"${clip(text, offset).shown}"`;
}

function frameOf(text: string, offset: number): string {
  const { shown, caret } = clip(text, offset);
  return `${shown}\n${" ".repeat(columnsOf(shown.slice(0, caret)))}^`;
}

function clip(text: string, offset: number): { shown: string; caret: number } {
  if (text.length <= SHOWN) return { shown: printable(text), caret: offset };
  const from = Math.max(0, Math.min(offset - SHOWN / 2, text.length - SHOWN));
  const to = from + SHOWN;
  const head = from > 0 ? "…" : "";
  const tail = to < text.length ? "…" : "";
  const shown = `${head}${text.slice(from, to).toWellFormed()}${tail}`;
  return { shown: printable(shown), caret: offset - from + head.length };
}

/** Line breaks and other control characters as their pictures: one character stays one. */
function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replace(/[\u0000-\u001f\u007f]/g, (control) =>
    control === "\u007f" ? "␡" : String.fromCharCode(0x2400 + control.charCodeAt(0)),
  );
}

function countCharacters(text: string, offset: number): number {
  return Array.from(text.slice(0, offset)).length;
}

function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) {
    if (!/\p{M}/u.test(character)) columns += WIDE.test(character) ? 2 : 1;
  }
  return columns;
}
