import { WeirError } from "./errors.ts";

/** A piece of JSON text, kept as written: numbers digit for digit, strings with their escapes. */
export interface JsonToken {
  readonly kind: "{" | "}" | "[" | "]" | "," | ":" | "string" | "number" | "literal";
  /** The text of the token, quotes included. */
  readonly text: string;
  /** Offset of its first character. */
  readonly at: number;
}

/** Tokens of RFC 8259, with the white space before them. */
const TOKEN =
  // oxlint-disable-next-line no-control-regex -- a JSON string may not hold them
  /[ \t\n\r]*(?:([{}[\],:])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)|(true|false|null))/y;
const BLANK = /[ \t\n\r]*/y;

/** Returns line and column, both from 1, of `offset` in `text`. */
export function positionOf(text: string, offset: number): { line: number; column: number } {
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
      details: { line, column, offset },
    },
  );
}

/**
 * Yields the tokens of `text` in order. Checks tokens only, not that they nest.
 *
 * @throws {WeirError} DATA_BAD_JSON with line and column
 */
export function* tokenizeJson(text: string): Generator<JsonToken> {
  let at = 0;
  for (;;) {
    BLANK.lastIndex = at;
    BLANK.test(text);
    if (BLANK.lastIndex >= text.length) return;
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    if (found === null) {
      const shown = JSON.stringify(text.charAt(BLANK.lastIndex));
      throw badJson(text, BLANK.lastIndex, `unexpected ${shown}`);
    }
    at = TOKEN.lastIndex;
    yield toToken(found, at);
  }
}

function toToken(found: RegExpExecArray, end: number): JsonToken {
  const [, punctuation, string, number, literal] = found;
  const token = punctuation ?? string ?? number ?? literal ?? "";
  const at = end - token.length;
  if (string !== undefined) return { kind: "string", text: token, at };
  if (number !== undefined) return { kind: "number", text: token, at };
  if (literal !== undefined) return { kind: "literal", text: token, at };
  switch (token) {
    case "{":
    case "}":
    case "[":
    case "]":
    case ",":
      return { kind: token, text: token, at };
    default:
      return { kind: ":", text: token, at };
  }
}
