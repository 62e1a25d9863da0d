import type { JsonToken } from "../base/json-tokens.ts";
import type { Painter, Role } from "./color.ts";
import { PIECE_LENGTH } from "./format.ts";
import { showString } from "./json-string.ts";

/** Returns what stands between two neighbours: before the first and after the last, one is undefined. */
export type Gaps = (left: JsonToken | undefined, right: JsonToken | undefined) => string;

/** How tokens are printed. */
export interface JsonPrinting {
  readonly gaps: Gaps;
  readonly painter: Painter;
  /** True: escapes of visible characters are shown as the characters. */
  readonly isUnescaped: boolean;
}

/** Yields the text of JSON tokens in pieces. The tokens have to be one JSON text. */
export function* printTokens(
  tokens: Iterable<JsonToken>,
  { gaps, painter, isUnescaped }: JsonPrinting,
): Generator<string> {
  const write = (token: JsonToken, next: JsonToken | undefined): string => {
    const text = token.kind === "string" ? showString(token.text, isUnescaped) : token.text;
    return painter.paint(roleOf(token, next), text);
  };
  let piece = "";
  let left: JsonToken | undefined;
  for (const right of tokens) {
    piece += (left === undefined ? "" : write(left, right)) + gaps(left, right);
    left = right;
    if (piece.length < PIECE_LENGTH) continue;
    yield piece;
    piece = "";
  }
  if (left !== undefined) piece += write(left, undefined) + gaps(left, undefined);
  if (piece !== "") yield piece;
}

function roleOf({ kind }: JsonToken, next: JsonToken | undefined): Role {
  if (kind === "string") return next?.kind === ":" ? "key" : "string";
  return kind === "number" || kind === "literal" ? kind : "punctuation";
}

/** Puts nothing between tokens. */
export const noGaps: Gaps = () => "";

/** Puts each member and element on a line of its own; empty containers stay closed. */
export function indentedGaps(spaces: number): Gaps {
  const lines: string[] = [];
  let depth = 0;
  const line = (): string => (lines[depth] ??= `\n${" ".repeat(spaces * depth)}`);
  return (left, right) => {
    if (left === undefined || right === undefined) return "";
    const isOpen = left.kind === "{" || left.kind === "[";
    const isClosing = right.kind === "}" || right.kind === "]";
    if (isOpen && isClosing) return "";
    if (isOpen) depth += 1;
    if (isClosing) depth -= 1;
    if (isOpen || isClosing || left.kind === ",") return line();
    return left.kind === ":" ? " " : "";
  };
}

/** Puts between tokens what `text` has there; lone CR, which would overwrite a line, becomes LF. */
export function writtenGaps(text: string): Gaps {
  return (left, right) => {
    const gap = text.slice(left === undefined ? 0 : left.at + left.text.length, right?.at);
    return gap.includes("\r") ? gap.replace(/\r\n?/g, "\n") : gap;
  };
}
