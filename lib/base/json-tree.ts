import { messageOf } from "./errors.ts";
import { badJson, type JsonToken, tokenizeJson } from "./json-tokens.ts";

/** A member of an object: its key and its value. */
export type JsonEntry = readonly [key: string, value: JsonNode];

/**
 * A JSON value that loses nothing JSON text can say.
 *
 * Numbers keep their digits; objects keep the order of their members, and members of the same name.
 */
export type JsonNode =
  | { readonly kind: "object"; readonly entries: readonly JsonEntry[] }
  | { readonly kind: "array"; readonly items: readonly JsonNode[] }
  | { readonly kind: "string"; readonly value: string }
  /** `text` is a number of RFC 8259, digit for digit as it was written. */
  | { readonly kind: "number"; readonly text: string }
  | { readonly kind: "literal"; readonly value: boolean | null };

/** The JSON value null. */
export const JSON_NULL: JsonNode = { kind: "literal", value: null };

/** How deep arrays and objects may nest; deeper text is refused before the stack runs out. */
export const JSON_DEPTH_LIMIT = 1000;

const LITERALS = new Map<string, JsonNode>([
  ["null", JSON_NULL],
  ["true", { kind: "literal", value: true }],
  ["false", { kind: "literal", value: false }],
]);

/**
 * Returns the value `text` stands for.
 *
 * @throws {WeirError} DATA_BAD_JSON with line, column and offset, also when it nests too deep
 */
export function parseJson(text: string): JsonNode {
  const reader = new TokenReader(text);
  const node = readValue(reader, reader.take("a value"), 0);
  reader.end();
  return node;
}

/** Returns where and why `text` is no JSON, which JSON.parse does not say alike everywhere. */
export function jsonProblem(text: string): string {
  try {
    parseJson(text);
  } catch (error) {
    return messageOf(error).replace(/^Not valid JSON at /, "");
  }
  return "it is JSON";
}

/** Returns `node` as JSON text without white space. */
export function printJson(node: JsonNode): string {
  switch (node.kind) {
    case "object":
      return `{${node.entries.map(printEntry).join(",")}}`;
    case "array":
      return `[${node.items.map(printJson).join(",")}]`;
    case "string":
      return JSON.stringify(node.value);
    case "number":
      return node.text;
    case "literal":
      return String(node.value);
  }
}

function printEntry([key, value]: JsonEntry): string {
  return `${JSON.stringify(key)}:${printJson(value)}`;
}

/** Hands out the tokens of a text one by one. */
class TokenReader {
  readonly #text: string;
  readonly #tokens: Iterator<JsonToken>;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokenizeJson(text);
  }

  /** Returns the next token; `wanted` says in the error what the text should have gone on with. */
  take(wanted: string): JsonToken {
    const next = this.#tokens.next();
    if (next.done === true) {
      throw badJson(this.#text, this.#text.length, `the text ends where ${wanted} should be`);
    }
    return next.value;
  }

  end(): void {
    const next = this.#tokens.next();
    if (next.done !== true) throw this.unexpected(next.value, "the end of the text");
  }

  unexpected(token: JsonToken, wanted: string): Error {
    return badJson(this.#text, token.at, `${token.text.slice(0, 20)} where ${wanted} should be`);
  }

  tooDeep(token: JsonToken): Error {
    return badJson(this.#text, token.at, `nested more than ${JSON_DEPTH_LIMIT} levels deep`);
  }
}

function readValue(reader: TokenReader, token: JsonToken, depth: number): JsonNode {
  switch (token.kind) {
    case "{":
    case "[":
      if (depth === JSON_DEPTH_LIMIT) throw reader.tooDeep(token);
      return token.kind === "{" ? readObject(reader, depth + 1) : readArray(reader, depth + 1);
    case "string":
      return { kind: "string", value: stringOf(token) };
    case "number":
      return { kind: "number", text: token.text };
    case "literal":
      return LITERALS.get(token.text) ?? JSON_NULL;
    case "}":
    case "]":
    case ",":
    case ":":
      throw reader.unexpected(token, "a value");
  }
}

function readArray(reader: TokenReader, depth: number): JsonNode {
  const items: JsonNode[] = [];
  let token = reader.take("a value or ]");
  if (token.kind === "]") return { kind: "array", items };
  for (;;) {
    items.push(readValue(reader, token, depth));
    token = reader.take(", or ]");
    if (token.kind === "]") return { kind: "array", items };
    if (token.kind !== ",") throw reader.unexpected(token, ", or ]");
    token = reader.take("a value");
  }
}

function readObject(reader: TokenReader, depth: number): JsonNode {
  const entries: JsonEntry[] = [];
  let token = reader.take("a key or }");
  if (token.kind === "}") return { kind: "object", entries };
  for (;;) {
    if (token.kind !== "string") throw reader.unexpected(token, "a key in double quotes");
    const key = stringOf(token);
    const colon = reader.take(":");
    if (colon.kind !== ":") throw reader.unexpected(colon, ":");
    entries.push([key, readValue(reader, reader.take("a value"), depth)]);
    token = reader.take(", or }");
    if (token.kind === "}") return { kind: "object", entries };
    if (token.kind !== ",") throw reader.unexpected(token, ", or }");
    token = reader.take("a key in double quotes");
  }
}

function stringOf(token: JsonToken): string {
  return String(JSON.parse(token.text));
}
