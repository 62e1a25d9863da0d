import { WeirError } from "../base/errors.ts";
import { type JsonNode, parseJson } from "../base/json-tree.ts";
import { parseMediaType } from "../http/media-type.ts";
import { itemError } from "./item-error.ts";

/**
 * One request item, read but not yet judged against the others.
 *
 * `text` is the item as typed. A `path` of "-" is standard input.
 */
export type Item = { readonly text: string } & (
  | { readonly kind: "header"; readonly name: string; readonly value: string }
  /** `Name:` takes the header away, defaults included. */
  | { readonly kind: "header-unset"; readonly name: string }
  /** `Name;` sends the header without a value. */
  | { readonly kind: "header-empty"; readonly name: string }
  | { readonly kind: "header-file"; readonly name: string; readonly path: string }
  | { readonly kind: "query"; readonly name: string; readonly value: string }
  | { readonly kind: "query-file"; readonly name: string; readonly path: string }
  | { readonly kind: "field"; readonly name: string; readonly value: string }
  | { readonly kind: "field-json"; readonly name: string; readonly node: JsonNode }
  | { readonly kind: "field-file"; readonly name: string; readonly path: string }
  | { readonly kind: "field-json-file"; readonly name: string; readonly path: string }
  | ({ readonly kind: "upload"; readonly name: string } & FileReference)
  /** `@path`: the file is the whole body. */
  | ({ readonly kind: "body-file" } & FileReference)
);

/** A file to send, with what is typed about it. */
export interface FileReference {
  readonly path: string;
  readonly type?: string | undefined;
  readonly filename?: string | undefined;
}

/** An item cut at its separator, escapes still in place. */
interface RawItem {
  readonly text: string;
  readonly separator: string;
  readonly rawName: string;
  readonly rawValue: string;
}

/** An escape, or a separator: at one place the longest counts. */
const ESCAPE_OR_SEPARATOR = /\\[\s\S]|:=@|==@|:=|==|:@|=@|[:;=@]/g;
/** What a backslash takes the meaning from; before anything else it stands for itself. */
const ESCAPED = /\\([\s\S])/g;
const ESCAPABLE = ":;=@";

/**
 * Reads one item by HTTPie's rules: the leftmost separator counts, at one place the longest one, and
 * none of its characters may be escaped by a backslash.
 *
 * @throws {WeirError} USAGE_BAD_ITEM with the details of `itemError`
 */
export function parseItem(text: string): Item {
  const raw = cut(text);
  const name = unescape(raw.rawName);
  const value = unescape(raw.rawValue);
  switch (raw.separator) {
    case ":":
      return value === ""
        ? { kind: "header-unset", text, name }
        : { kind: "header", text, name, value };
    case ";":
      checkEmptyHeader(raw);
      return { kind: "header-empty", text, name };
    case ":@":
      return { kind: "header-file", text, name, path: pathOf(raw, value) };
    case "==":
      return { kind: "query", text, name, value };
    case "==@":
      return { kind: "query-file", text, name, path: pathOf(raw, value) };
    case ":=":
      return { kind: "field-json", text, name, node: readJson(raw, value) };
    case "=@":
      return { kind: "field-file", text, name, path: pathOf(raw, value) };
    case ":=@":
      return { kind: "field-json-file", text, name, path: pathOf(raw, value) };
    case "@":
      return readUpload(raw, name);
    default:
      return { kind: "field", text, name, value };
  }
}

function cut(text: string): RawItem {
  for (const found of text.matchAll(ESCAPE_OR_SEPARATOR)) {
    const [separator] = found;
    if (separator.startsWith("\\")) continue;
    return {
      text,
      separator,
      rawName: text.slice(0, found.index),
      rawValue: text.slice(found.index + separator.length),
    };
  }
  throw itemError(text, {
    what: "has no separator",
    offset: text.length,
    hint: "Write name=value for data, name==value for the query, Name:value for a header",
  });
}

function unescape(raw: string): string {
  if (!raw.includes("\\")) return raw;
  return raw.replace(ESCAPED, (pair, character: string) =>
    ESCAPABLE.includes(character) ? character : pair,
  );
}

/**
 * Returns the offset in `raw`, an item as typed or a part of it, of what is at `offset` once `raw` is
 * unescaped.
 */
export function typedOffset(raw: string, offset: number): number {
  let dropped = 0;
  for (const found of raw.matchAll(ESCAPED)) {
    if (found.index - dropped >= offset) break;
    if (ESCAPABLE.includes(found[1] ?? "")) dropped += 1;
  }
  return offset + dropped;
}

function valueStart(raw: RawItem): number {
  return raw.rawName.length + raw.separator.length;
}

function checkEmptyHeader(raw: RawItem): void {
  if (raw.rawValue === "") return;
  throw itemError(raw.text, {
    what: "has a value after the semicolon",
    offset: valueStart(raw),
    hint: "Write Name; for a header without a value, Name:value for one with a value",
  });
}

function pathOf(raw: RawItem, path: string): string {
  if (path !== "") return path;
  throw itemError(raw.text, {
    what: "names no file",
    offset: raw.text.length,
    hint: "Write a path after the @, or \\@ for the character itself",
  });
}

function readJson(raw: RawItem, value: string): JsonNode {
  try {
    return parseJson(value);
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    const offset = Number(error.details["offset"]);
    throw itemError(raw.text, {
      what: "is not valid JSON",
      offset: valueStart(raw) + typedOffset(raw.rawValue, offset),
      reason: String(error.details["reason"]),
      hint: "Put strings in double quotes, or write = in place of := to send the text",
      cause: error,
    });
  }
}

/** `path[;type=mime][;filename=name]`, read from the right as xh does; HTTPie knows the type only. */
function readUpload(raw: RawItem, name: string): Item {
  const { text } = raw;
  let rest = raw.rawValue;
  const found = new Map<string, string>();
  for (;;) {
    const parameter = lastParameter(rest);
    if (parameter === undefined || found.has(parameter.name)) break;
    found.set(parameter.name, unescape(parameter.value));
    rest = rest.slice(0, parameter.at);
  }
  const file = {
    path: pathOf(raw, unescape(rest)),
    type: checkType(raw, found.get("type")),
    filename: found.get("filename"),
  };
  if (name === "") return { kind: "body-file", text, ...file };
  return { kind: "upload", text, name, ...file };
}

function lastParameter(raw: string): { name: string; value: string; at: number } | undefined {
  let last: { name: string; value: string; at: number } | undefined;
  for (const found of raw.matchAll(/\\[\s\S]|;(type|filename)=/g)) {
    const [whole, name] = found;
    if (name === undefined) continue;
    last = { name, value: raw.slice(found.index + whole.length), at: found.index };
  }
  return last;
}

function checkType(raw: RawItem, type: string | undefined): string | undefined {
  // A line break would start a header of its own in the part.
  if (type === undefined || (parseMediaType(type) !== undefined && !/[\r\n]/.test(type))) {
    return type;
  }
  throw itemError(raw.text, {
    what: "has a type that is no media type",
    offset: raw.text.lastIndexOf(";type=") + ";type=".length,
    hint: "A media type looks like text/plain",
  });
}
