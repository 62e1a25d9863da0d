import type { WeirError } from "../base/errors.ts";
import { templateError, type TemplateSource } from "./errors.ts";

/** Characters of a template; a longer one is refused before it is read. */
const SOURCE_LIMIT = 4 * 1024 * 1024;

/** One token; `value` is the text or number it stands for. */
export type Token =
  | {
      readonly kind: "data" | "name" | "string" | "operator";
      readonly offset: number;
      readonly value: string;
    }
  | { readonly kind: "number"; readonly offset: number; readonly value: number }
  | {
      readonly kind: "print-begin" | "print-end" | "block-begin" | "block-end" | "end";
      readonly offset: number;
      readonly value: "";
    };

const TAG = /\{[{%#]/g;
const RAW_BEGIN = /\{%[-+]?\s*raw\s*(-?)%\}/y;
const RAW_END = /\{%([-+]?)\s*endraw\s*([-+]?)%\}/g;
const SPACE = /\s*/y;
const NAME = /[\p{L}_][\p{L}\p{N}\p{M}_]*/uy;
// A float cannot stand after a dot, so that `list.0.1` is two indexes.
const FLOAT = /(?<!\.)\d+(?:_\d+)*(?:\.\d+(?:_\d+)*(?:e[+-]?\d+(?:_\d+)*)?|e[+-]?\d+(?:_\d+)*)/iy;
const INTEGER = /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy;
const STRING = /"[^"\\]*(?:\\[\s\S][^"\\]*)*"|'[^'\\]*(?:\\[\s\S][^'\\]*)*'/y;
const OPERATOR = /\*\*|\/\/|==|!=|<=|>=|[-+*/%~|()[\]{}:.,<>=]/y;
const PRINT_END = /[-+]?\}\}/y;
const BLOCK_END = /[-+]?%\}/y;
const CLOSERS: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

const ESCAPE =
  /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|(\r?\n)|([abfnrtv\\'"]))/g;
const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

function unescape(body: string): string {
  if (!body.includes("\\")) return body;
  return body.replace(ESCAPE, (whole: string, x, u, long, octal, newline, simple) => {
    const hex: string | undefined = x ?? u ?? long;
    if (hex !== undefined) {
      const code = Number.parseInt(hex, 16);
      return code > 0x10ffff ? whole : String.fromCodePoint(code);
    }
    if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
    return newline === undefined ? (SIMPLE_ESCAPES[simple] ?? simple) : "";
  });
}

/** Cuts a template, or the text of a bare expression, into tokens. */
class Lexer {
  readonly #source: TemplateSource;
  readonly #text: string;
  readonly #tokens: Token[] = [];
  #at = 0;

  constructor(source: TemplateSource) {
    this.#source = source;
    this.#text = source.text;
    if (this.#text.length > SOURCE_LIMIT)
      throw templateError("TEMPLATE_BUDGET", { ...source, text: "" }, 0, {
        message: `The template is longer than ${SOURCE_LIMIT} characters`,
        hint: "Split it, or keep large text in a file",
      });
  }

  template(): readonly Token[] {
    while (this.#at < this.#text.length) this.#segment();
    this.#tokens.push({ kind: "end", offset: this.#text.length, value: "" });
    return this.#tokens;
  }

  expression(): readonly Token[] {
    const open: string[] = [];
    for (this.#take(SPACE); this.#at < this.#text.length; this.#take(SPACE)) this.#code(open);
    this.#tokens.push({ kind: "end", offset: this.#text.length, value: "" });
    return this.#tokens;
  }

  /** Reads text up to the next tag, and that tag. */
  #segment(): void {
    TAG.lastIndex = this.#at;
    const tag = TAG.exec(this.#text);
    const end = tag?.index ?? this.#text.length;
    const mark = this.#text[end + 2];
    this.#data(this.#at, end, mark === "-");
    this.#at = end;
    if (tag === null) return;
    if (tag[0] === "{#") return this.#comment();
    if (tag[0] === "{%" && this.#raw()) return;
    this.#at = end + (mark === "-" || mark === "+" ? 3 : 2);
    const isPrint = tag[0] === "{{";
    this.#push(isPrint ? "print-begin" : "block-begin", end);
    this.#inside(isPrint, end);
  }

  #data(from: number, to: number, isTrimmed: boolean): void {
    const whole = this.#text.slice(from, to);
    const value = isTrimmed ? whole.trimEnd() : whole;
    if (value !== "") this.#tokens.push({ kind: "data", offset: from, value });
  }

  #comment(): void {
    const end = this.#text.indexOf("#}", this.#at + 2);
    if (end === -1) throw this.#error("The comment is not closed", 'Close it with "#}"');
    this.#at = end + 2;
    if (this.#text[end - 1] === "-") this.#take(SPACE);
  }

  /** Reads a raw block, whose tags are text; returns false when the tag is another. */
  #raw(): boolean {
    const begin = this.#at;
    const head = this.#take(RAW_BEGIN);
    if (head === undefined) return false;
    if (head.endsWith("-%}")) this.#take(SPACE);
    RAW_END.lastIndex = this.#at;
    const tail = RAW_END.exec(this.#text);
    if (tail === null) {
      this.#at = begin;
      throw this.#error("The raw block is not closed", 'Close it with "{% endraw %}"');
    }
    this.#data(this.#at, tail.index, tail[1] === "-");
    this.#at = RAW_END.lastIndex;
    if (tail[2] === "-") this.#take(SPACE);
    return true;
  }

  /** Reads the inside of a tag up to its end, which counts only outside brackets. */
  #inside(isPrint: boolean, begin: number): void {
    const open: string[] = [];
    for (;;) {
      this.#take(SPACE);
      const offset = this.#at;
      const end = open.length > 0 ? undefined : this.#take(isPrint ? PRINT_END : BLOCK_END);
      if (end !== undefined) {
        this.#push(isPrint ? "print-end" : "block-end", offset);
        if (end.startsWith("-")) this.#take(SPACE);
        return;
      }
      if (offset >= this.#text.length) {
        this.#at = begin;
        throw this.#error(
          "The tag is not closed",
          `Close it with "${isPrint ? "}}" : "%}"}"; each bracket in it needs its partner`,
        );
      }
      this.#code(open);
    }
  }

  #code(open: string[]): void {
    const offset = this.#at;
    const name = this.#take(NAME);
    if (name !== undefined) return this.#push("name", offset, name);
    const number = this.#take(FLOAT) ?? this.#take(INTEGER);
    if (number !== undefined) {
      const value = Number(number.replaceAll("_", ""));
      if (value === Number.POSITIVE_INFINITY) throw this.#tooLarge(offset);
      this.#tokens.push({ kind: "number", offset, value });
      return;
    }
    const string = this.#take(STRING);
    if (string !== undefined) return this.#push("string", offset, unescape(string.slice(1, -1)));
    const operator = this.#take(OPERATOR);
    if (operator === undefined) throw this.#unexpected();
    this.#bracket(operator, offset, open);
    this.#push("operator", offset, operator);
  }

  #bracket(operator: string, offset: number, open: string[]): void {
    const closer = CLOSERS[operator];
    if (closer !== undefined) open.push(closer);
    if (!/^[)\]}]$/.test(operator)) return;
    const expected = open.pop();
    if (expected === operator) return;
    this.#at = offset;
    throw this.#error(
      expected === undefined
        ? `Unexpected "${operator}"`
        : `Expected "${expected}", found "${operator}"`,
      "Each opening bracket needs its closing one, and the other way round",
    );
  }

  #tooLarge(offset: number): WeirError {
    this.#at = offset;
    return this.#error("The number is too large", "Numbers go up to about 1.8e308");
  }

  #unexpected(): WeirError {
    const found = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0xfffd);
    if (found === '"' || found === "'")
      return this.#error("The text in quotes is not closed", `Close it with ${found}`);
    return this.#error(
      `Unexpected character ${JSON.stringify(found)}`,
      found === "!" || found === "&"
        ? 'Write "not", "and" and "or" as words'
        : "Put text into quotes",
    );
  }

  #push(kind: Exclude<Token["kind"], "number">, offset: number, value = ""): void {
    // The kinds whose value is "" are pushed without one.
    this.#tokens.push({ kind, offset, value } as Token);
  }

  /** Moves over what `pattern`, a sticky one, matches here and returns it. */
  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #error(message: string, hint: string): WeirError {
    return templateError("TEMPLATE_SYNTAX", this.#source, this.#at, { message, hint });
  }
}

/**
 * Returns the tokens of a template, the last one `end`.
 *
 * @throws {WeirError} TEMPLATE_SYNTAX with line and column; TEMPLATE_BUDGET when it is too long
 */
export function tokenizeTemplate(source: TemplateSource): readonly Token[] {
  return new Lexer(source).template();
}

/**
 * Returns the tokens of a bare expression, one without `{{ }}`, the last one `end`.
 *
 * @throws {WeirError} TEMPLATE_SYNTAX with line and column; TEMPLATE_BUDGET when it is too long
 */
export function tokenizeExpression(source: TemplateSource): readonly Token[] {
  return new Lexer(source).expression();
}
