import { JSON_DEPTH_LIMIT } from "../base/json-tree.ts";
import { typedOffset } from "./grammar.ts";
import { itemError } from "./item-error.ts";

/** One step into nested JSON: `name`, `[name]`, `[3]` or `[]`. */
export type Step = { readonly at: number } & (
  | { readonly kind: "key"; readonly key: string }
  | { readonly kind: "index"; readonly index: number }
  | { readonly kind: "append" }
);

/** The name of a field and the item it was typed in, for errors. */
export interface FieldName {
  readonly text: string;
  readonly name: string;
}

interface Token {
  readonly kind: "[" | "]" | "text" | "number" | "end";
  /** The text without escapes. */
  readonly value: string;
  /** Offset in the name. */
  readonly at: number;
}

/** Brackets or text between them; a backslash keeps the character after it from being a bracket. */
const PIECE = /[[\]]|(?:\\[\s\S]?|[^[\]\\])+/g;
const NUMBER = /^[+-]?\d+$/;

/**
 * Reads the name of a field as a path into nested JSON.
 *
 * `\[`, `\]` and `\\` stand for the character itself; a number after one backslash, `a[\1]`, is a key.
 *
 * @throws {WeirError} USAGE_BAD_ITEM
 */
export function parsePath(field: FieldName): readonly Step[] {
  const tokens = [...tokenize(field.name)];
  const end: Token = { kind: "end", value: "", at: field.name.length };
  const first = tokens[0] ?? end;
  const steps: Step[] = [];
  if (first.kind === "end") return [{ kind: "key", key: "", at: 0 }];
  const isNamed = first.kind === "text" || first.kind === "number";
  if (isNamed) steps.push({ kind: "key", key: first.value, at: 0 });
  for (let next = isNamed ? 1 : 0; next < tokens.length;) {
    const [open = end, inner = end, close = end] = tokens.slice(next, next + 3);
    expect(field, open, "[");
    if (inner.kind === "]") {
      steps.push({ kind: "append", at: open.at });
      next += 2;
      continue;
    }
    steps.push(innerStep(field, open, inner, steps.length === 0));
    expect(field, close, "]");
    next += 3;
  }
  if (steps.length > JSON_DEPTH_LIMIT) throw tooDeep(field);
  return steps;
}

function* tokenize(name: string): Generator<Token> {
  for (const found of name.matchAll(PIECE)) {
    const [raw] = found;
    const at = found.index;
    if (raw === "[" || raw === "]") yield { kind: raw, value: raw, at };
    else yield textToken(raw, at);
  }
}

function textToken(raw: string, at: number): Token {
  if (NUMBER.test(raw)) return { kind: "number", value: raw, at };
  if (raw.startsWith("\\") && NUMBER.test(raw.slice(1))) {
    return { kind: "text", value: raw.slice(1), at };
  }
  return { kind: "text", value: raw.replace(/\\([[\]\\])/g, "$1"), at };
}

function expect(field: FieldName, token: Token, kind: "[" | "]"): void {
  if (token.kind === kind) return;
  throw itemError(field.text, {
    what: `should go on with ${kind}`,
    offset: typedOffset(field.text, token.at),
    hint: "Write a[b][c]=value for nested JSON, or \\[ and \\] for brackets in a name",
  });
}

function innerStep(field: FieldName, open: Token, inner: Token, isRoot: boolean): Step {
  if (inner.kind === "number") return indexStep(field, open, inner);
  if (inner.kind === "text" && !isRoot) return { kind: "key", key: inner.value, at: open.at };
  throw itemError(field.text, {
    what: isRoot ? "should go on with a number or ]" : "should go on with a name, a number or ]",
    offset: typedOffset(field.text, inner.at),
    hint: isRoot
      ? "Write name=value for an object, []=value for an array, \\[ for a bracket in a name"
      : "Write a[b][c]=value for nested JSON, or \\[ and \\] for brackets in a name",
  });
}

function indexStep(field: FieldName, open: Token, inner: Token): Step {
  const index = Number(inner.value);
  if (index >= 0) return { kind: "index", index, at: open.at };
  throw itemError(field.text, {
    what: "has a negative index",
    offset: typedOffset(field.text, inner.at),
    hint: "Count from 0, write [] to append, or a backslash before the number to make it a name",
  });
}

function tooDeep(field: FieldName): Error {
  return itemError(field.text, {
    what: `nests more than ${JSON_DEPTH_LIMIT} levels deep`,
    offset: typedOffset(field.text, field.name.length),
    hint: "Give the value as JSON from a file with name:=@file",
  });
}
