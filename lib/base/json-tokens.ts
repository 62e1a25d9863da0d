import { WeirError } from "./errors.ts";

/** A piece of JSON text, kept as written: numbers digit for digit, strings with their escapes. */
export interface JsonToken {
  readonly kind: "{" | "}" | "[" | "]" | "," | ":" | "string" | "number" | "literal";
  /** The text of the token, quotes included. */
  readonly text: string;
  /** Offset of its first character. */
  readonly at: number;
}

// Tokens of RFC 8259. Strings are scanned by hand: a pattern runs out of stack on a long one.
const BLANK = /[ \t\n\r]*/y;
const WORD = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})|\\/g;
// oxlint-disable-next-line no-control-regex -- a JSON string may not hold them
const CONTROL = /[\u0000-\u001f]/;

/** Returns line and column, both from 1, of `offset` in `text`. */
function positionOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  return { line: before.split("\n").length, column: offset - lineStart + 1 };
}

/** Returns the error for JSON text that is not valid at `offset`. */
export function badJson(text: string, offset: number, what: string): WeirError {
  const { line, column } = positionOf(text, offset);
  return new WeirError(
    "DATA_BAD_JSON",
    `Not valid JSON at line ${line}, column ${column}: ${what}`,
    {
      details: { line, column, offset, reason: what },
    },
  );
}

/**
 * Yields the tokens of `text` in order. Checks tokens only, not that they nest.
 *
 * @throws {WeirError} DATA_BAD_JSON with line and column
 */
export function* tokenizeJson(text: string): Generator<JsonToken> {
  for (let at = skipBlank(text, 0); at < text.length; at = skipBlank(text, at)) {
    const token = tokenAt(text, at);
    at += token.text.length;
    yield token;
  }
}

function skipBlank(text: string, at: number): number {
  BLANK.lastIndex = at;
  BLANK.test(text);
  return BLANK.lastIndex;
}

function tokenAt(text: string, at: number): JsonToken {
  const first = text.charAt(at);
  switch (first) {
    case "{":
    case "}":
    case "[":
    case "]":
    case ",":
    case ":":
      return { kind: first, text: first, at };
    case '"':
      return { kind: "string", text: stringAt(text, at), at };
    default:
      return wordAt(text, at);
  }
}

function wordAt(text: string, at: number): JsonToken {
  WORD.lastIndex = at;
  const word = WORD.exec(text)?.[0];
  if (word === undefined) throw badJson(text, at, `unexpected ${JSON.stringify(text.charAt(at))}`);
  return { kind: /^[tfn]/.test(word) ? "literal" : "number", text: word, at };
}

function stringAt(text: string, at: number): string {
  const end = closingQuote(text, at + 1);
  if (end < 0) throw badJson(text, at, "this string does not end");
  const string = text.slice(at, end + 1);
  const control = string.search(CONTROL);
  if (control >= 0) throw badJson(text, at + control, "a control character must be escaped");
  if (!string.includes("\\")) return string;
  for (const escape of string.matchAll(ESCAPE)) {
    if (escape[0] === "\\") throw badJson(text, at + escape.index, "no such escape sequence");
  }
  return string;
}

/** Returns the offset of the first quote from `from` on that no backslash escapes, or -1. */
function closingQuote(text: string, from: number): number {
  let quote = text.indexOf('"', from);
  while (quote >= 0) {
    let slashes = 0;
    while (quote - slashes > from && text[quote - slashes - 1] === "\\") slashes += 1;
    if (slashes % 2 === 0) return quote;
    quote = text.indexOf('"', quote + 1);
  }
  return -1;
}
