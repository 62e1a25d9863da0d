import { JSONPathEnvironment, jsonpath, JSONPathError, type JSONPathQuery } from "json-p3";
import { messageOf, WeirError } from "../base/errors.ts";
import { JSON_DEPTH_LIMIT } from "../base/json-tree.ts";

/** One step of a path that can be followed while the text goes by. */
export type Step =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "index"; readonly index: number }
  | { readonly kind: "every" };

/** A JSONPath that was read. */
export interface CompiledPath {
  readonly text: string;
  /** True when it can match one node at most, RFC 9535 section 2.3.5.1. */
  readonly isSingular: boolean;
  /** Its steps; undefined when it needs the whole document. */
  readonly steps: readonly Step[] | undefined;
  /** Yields what it finds in a value of JSON. */
  find(value: unknown): Iterable<unknown>;
}

const environment = new JSONPathEnvironment({ maxRecursionDepth: JSON_DEPTH_LIMIT });
const { NameSelector, IndexSelector, WildcardSelector } = jsonpath.selectors;

/**
 * Reads a JSONPath of RFC 9535.
 *
 * @throws {WeirError} SELECT_BAD_PATH with the offset in its details
 */
export function compilePath(text: string): CompiledPath {
  const query = readQuery(text);
  return {
    text,
    isSingular: query.singularQuery(),
    steps: stepsOf(query),
    *find(value) {
      // True: values come from JSON.parse, and what json-p3 takes is named JSON.
      const document = value as Parameters<JSONPathQuery["lazyQuery"]>[0];
      for (const node of query.lazyQuery(document)) yield node.value;
    },
  };
}

function readQuery(text: string): JSONPathQuery {
  try {
    return environment.compile(text);
  } catch (error) {
    const offset = error instanceof JSONPathError ? error.token.index : undefined;
    const place = ` ('${text}':${offset})`;
    const message = messageOf(error);
    const what = message.endsWith(place) ? message.slice(0, -place.length) : message;
    const at = offset === undefined ? "" : ` at offset ${offset}`;
    throw new WeirError("SELECT_BAD_PATH", `The path ${quoted(text)} is not valid${at}: ${what}`, {
      hint: "Write a JSONPath of RFC 9535 such as $.items[*].id",
      details: { path: text, offset },
      cause: error,
    });
  }
}

/** Returns a path in quotes, cut when it is long. */
export function quoted(path: string): string {
  return JSON.stringify(path.length > 200 ? `${path.slice(0, 200)}…` : path);
}

function stepsOf(query: JSONPathQuery): readonly Step[] | undefined {
  const steps: Step[] = [];
  for (const segment of query.segments) {
    const [selector, ...others] = segment.selectors;
    // Only the text of a segment says that it is a descendant one.
    if (others.length > 0 || segment.toString().startsWith("..")) return undefined;
    if (selector instanceof WildcardSelector) steps.push({ kind: "every" });
    else if (selector instanceof NameSelector && isByteName(selector.name)) {
      steps.push({ kind: "name", name: selector.name });
    } else if (selector instanceof IndexSelector && selector.index >= 0) {
      steps.push({ kind: "index", index: selector.index });
    } else return undefined;
  }
  return steps;
}

/** Says whether equal bytes mean an equal name: what is no UTF-8 would be read as U+FFFD. */
function isByteName(name: string): boolean {
  return name.isWellFormed() && !name.includes("\uFFFD");
}
