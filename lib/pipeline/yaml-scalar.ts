import type { Scalar } from "yaml";
import type { TemplateOptions } from "../template/render.ts";
import type { Place } from "./source.ts";

type PlaceAt = (offset: number) => Place;
type Style = "double" | "single" | "plain" | "folded";

/** Characters of an escape of double quotes, by the letter after the backslash; the others have 2. */
const ESCAPE_LENGTHS: Readonly<Record<string, number>> = { x: 4, u: 6, U: 10 };
const STYLES: Readonly<Record<string, Style>> = {
  QUOTE_DOUBLE: "double",
  QUOTE_SINGLE: "single",
  BLOCK_FOLDED: "folded",
};

/**
 * Returns where the value of a scalar begins, and how to find the place of each of its characters.
 *
 * @param placeAt place of an offset of the file
 */
export function scalarStart(scalar: Scalar, text: string, placeAt: PlaceAt): TemplateOptions {
  const [start = 0, end = 0] = scalar.range ?? [];
  const value = typeof scalar.value === "string" ? scalar.value : "";
  if (scalar.type === "BLOCK_LITERAL") return literalStart(value, text, start, placeAt);
  const style = STYLES[scalar.type ?? ""] ?? "plain";
  const isQuoted = style === "double" || style === "single";
  const first = style === "folded" ? nextLine(text, start) : isQuoted ? start + 1 : start;
  const raw = text.slice(first, isQuoted ? end - 1 : end);
  if (raw.startsWith(value)) return placeAt(first);
  let offsets: readonly number[] | undefined;
  const at = (offset: number): Place => {
    // Only an error and a name ask, so this is worked out when the first one does.
    offsets ??= align(value, raw, style);
    return placeAt(first + (offsets[offset] ?? raw.length));
  };
  return { ...placeAt(first), at };
}

/** The lines of a literal block are those of its value behind one indentation. */
function literalStart(
  value: string,
  text: string,
  start: number,
  placeAt: PlaceAt,
): TemplateOptions {
  const first = nextLine(text, start);
  const lines = value.split("\n");
  const row = Math.max(
    0,
    lines.findIndex((line) => line !== ""),
  );
  const raw = text.slice(first).split("\n", row + 1)[row] ?? "";
  const indent = Math.max(0, raw.replace(/\r$/, "").length - (lines[row]?.length ?? 0));
  return { line: placeAt(first).line, column: 1 + indent, indent };
}

function nextLine(text: string, offset: number): number {
  const end = text.indexOf("\n", offset);
  return end === -1 ? text.length : end + 1;
}

function runEnd(text: string, start: number): number {
  let end = start;
  while (end < text.length && /\s/.test(text.charAt(end))) end += 1;
  return end;
}

/** Returns the offset in `raw` of each character of `value`. */
function align(value: string, raw: string, style: Style): readonly number[] {
  const offsets: number[] = [];
  let from = style === "folded" ? runEnd(raw, 0) : 0;
  const take = (count: number, length: number): void => {
    for (let made = 0; made < count; made += 1) offsets.push(from);
    from += length;
  };
  while (from < raw.length && offsets.length < value.length) {
    const character = raw.charAt(from);
    const next = raw.charAt(from + 1);
    if (style === "double" && character === "\\") takeEscape(next, raw, from, take);
    else if (style === "single" && character === "'" && next === "'") take(1, 2);
    else if (/\s/.test(character)) takeSpace(value, offsets.length, raw, from, style, take);
    else take(1, 1);
  }
  return offsets;
}

type Take = (count: number, length: number) => void;

function takeEscape(letter: string, raw: string, from: number, take: Take): void {
  // A backslash at the end of a line joins it with the next one.
  if (letter === "\n" || letter === "\r") return take(0, runEnd(raw, from + 1) - from);
  const length = ESCAPE_LENGTHS[letter] ?? 2;
  const isPair = letter === "U" && Number.parseInt(raw.slice(from + 2, from + 10), 16) > 0xffff;
  take(isPair ? 2 : 1, length);
}

/** A line break between words is one space, more of them are one break less. */
function takeSpace(
  value: string,
  index: number,
  raw: string,
  from: number,
  style: Style,
  take: Take,
): void {
  const length = runEnd(raw, from) - from;
  const breaks = raw.slice(from, from + length).split("\n").length - 1;
  if (breaks === 0) return take(1, 1);
  const folded = breaks === 1 ? 1 : breaks - 1;
  take(style === "folded" ? runEnd(value, index) - index : folded, length);
}
