import type { WeirError } from "../base/errors.ts";
import type { NodeBase } from "./ast.ts";
import { templateError, type TemplateSource } from "./errors.ts";
import type { Token } from "./lexer.ts";

/** How deep expressions and statements may nest; deeper source is refused before the stack ends. */
const NESTING_LIMIT = 200;

/** Words that are part of the grammar and name no value. */
const RESERVED: ReadonlySet<string> = new Set(["and", "or", "not", "in", "is", "if", "else"]);

/** Reads tokens in order for the parser, and counts how deep it is. */
export class TokenReader {
  readonly source: TemplateSource;
  /** Names of the blocks so far. */
  readonly blocks = new Set<string>();
  readonly #tokens: readonly Token[];
  #at = 0;
  #level = 0;

  constructor(source: TemplateSource, tokens: readonly Token[]) {
    this.source = source;
    this.#tokens = tokens;
  }

  /** The token to be read next. */
  get current(): Token {
    return this.peek(0);
  }

  /** Returns the token `ahead` places after the current one. */
  peek(ahead: number): Token {
    const last: Token = { kind: "end", offset: this.source.text.length, value: "" };
    return this.#tokens[this.#at + ahead] ?? this.#tokens.at(-1) ?? last;
  }

  /** Returns the current token and moves past it. */
  next(): Token {
    const token = this.current;
    this.#at += 1;
    return token;
  }

  isOperator(value: string): boolean {
    return this.current.kind === "operator" && this.current.value === value;
  }

  isWord(value: string): boolean {
    return this.current.kind === "name" && this.current.value === value;
  }

  /** Moves past the operator `value` and returns true when it is the current token. */
  skipOperator(value: string): boolean {
    const found = this.isOperator(value);
    if (found) this.#at += 1;
    return found;
  }

  /** Moves past the word `value` and returns true when it is the current token. */
  skipWord(value: string): boolean {
    const found = this.isWord(value);
    if (found) this.#at += 1;
    return found;
  }

  expectOperator(value: string, hint = "Check the brackets and commas before it"): Token {
    if (!this.isOperator(value)) throw this.unexpected(`"${value}"`, hint);
    return this.next();
  }

  expectWord(value: string, hint: string): Token {
    if (!this.isWord(value)) throw this.unexpected(`"${value}"`, hint);
    return this.next();
  }

  /** Moves past a name and returns it; a word of the grammar is not a name. */
  expectName(what: string): string {
    const { kind, value } = this.current;
    if (kind !== "name" || RESERVED.has(value))
      throw this.unexpected(what, "A name is letters, digits and underscores");
    this.next();
    return value;
  }

  expectKind(kind: "print-end" | "block-end" | "end"): void {
    if (this.current.kind !== kind) throw this.unexpected(describeKind(kind), END_HINTS[kind]);
    this.next();
  }

  /** Runs `parse` one level deeper. */
  nested<T>(parse: () => T): T {
    this.#level += 1;
    if (this.#level > NESTING_LIMIT) throw this.#tooDeep(this.current.offset);
    const result = parse();
    this.#level -= 1;
    return result;
  }

  /** Returns the base of a node over `children`. */
  base(offset: number, children: readonly (NodeBase | undefined)[]): NodeBase {
    let depth = 0;
    for (const child of children) depth = Math.max(depth, child?.depth ?? 0);
    if (depth >= NESTING_LIMIT) throw this.#tooDeep(offset);
    return { offset, depth: depth + 1 };
  }

  /** Returns the error that the current token is not `wanted`. */
  unexpected(wanted: string, hint: string): WeirError {
    return this.error(`Expected ${wanted}, found ${describe(this.current)}`, hint);
  }

  error(message: string, hint: string, offset = this.current.offset): WeirError {
    return templateError("TEMPLATE_SYNTAX", this.source, offset, { message, hint });
  }

  #tooDeep(offset: number): WeirError {
    return templateError("TEMPLATE_BUDGET", this.source, offset, {
      message: `The template nests deeper than ${NESTING_LIMIT} levels`,
      hint: "Keep parts of it in variables with {% set name = … %}",
    });
  }
}

const END_HINTS = {
  "print-end": 'One expression stands between "{{" and "}}"; join parts with "~"',
  "block-end": 'Close the statement with "%}"',
  end: "An expression ends where its text ends; templates in text need {{ }}",
} as const;

function describeKind(kind: Token["kind"]): string {
  if (kind === "print-begin") return '"{{"';
  if (kind === "print-end") return '"}}"';
  if (kind === "block-begin") return '"{%"';
  if (kind === "block-end") return '"%}"';
  return kind === "end" ? "the end" : kind;
}

/** Returns a token as errors name it; texts are not repeated, they may be secret. */
function describe(token: Token): string {
  if (token.kind === "name" || token.kind === "operator") return `"${token.value}"`;
  if (token.kind === "string") return "text in quotes";
  return token.kind === "number" ? "a number" : describeKind(token.kind);
}

/** Says whether `word` is part of the grammar, so that no value can have it as a name. */
export function isReserved(word: string): boolean {
  return RESERVED.has(word);
}
