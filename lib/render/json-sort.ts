import type { JsonToken } from "../base/json-tokens.ts";

/** An object or array with what is in it. */
interface Container {
  readonly kind: "{" | "[";
  readonly entries: Entry[];
}

/** A member, or an element, which has no key. */
interface Entry {
  readonly key: JsonToken | undefined;
  readonly value: JsonToken | Container;
}

/**
 * Yields the tokens of one JSON text with the members of every object sorted by key.
 *
 * Members with the same key keep their order. Holds the whole text as a tree, and keeps its own
 * stacks, so that depth costs no stack of the machine.
 */
export function* sortedTokens(tokens: Iterable<JsonToken>): Generator<JsonToken> {
  const root: Container = { kind: "[", entries: [] };
  fill(root, tokens);
  for (const { value } of root.entries) yield* flatten(value);
}

function fill(root: Container, tokens: Iterable<JsonToken>): void {
  const open = [root];
  let key: JsonToken | undefined;
  for (const token of tokens) {
    const inside = open.at(-1) ?? root;
    const { kind } = token;
    if (kind === "," || kind === ":") continue;
    if (kind === "}" || kind === "]") {
      if (inside.kind === "{") inside.entries.sort(byKey);
      open.pop();
    } else if (inside.kind === "{" && key === undefined) {
      key = token;
    } else {
      const value = kind === "{" || kind === "[" ? { kind, entries: [] } : token;
      inside.entries.push({ key, value });
      key = undefined;
      if ("entries" in value) open.push(value);
    }
  }
}

function byKey(left: Entry, right: Entry): number {
  const [one, other] = [nameOf(left), nameOf(right)];
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

/** Keys are compared as what they mean: `"\u0061"` is `"a"`. */
function nameOf({ key }: Entry): string {
  return key === undefined ? "" : String(JSON.parse(key.text));
}

function* flatten(whole: JsonToken | Container): Generator<JsonToken> {
  const open: { readonly container: Container; next: number }[] = [];
  let value: JsonToken | Container | undefined = whole;
  while (value !== undefined || open.length > 0) {
    if (value !== undefined && "entries" in value) {
      yield made(value.kind);
      open.push({ container: value, next: 0 });
    } else if (value !== undefined) {
      yield value;
    }
    const top = open.at(-1);
    const entry = top?.container.entries[top.next];
    value = entry?.value;
    if (top === undefined) return;
    if (entry === undefined) {
      open.pop();
      yield made(top.container.kind === "{" ? "}" : "]");
      continue;
    }
    if (top.next > 0) yield made(",");
    top.next += 1;
    if (entry.key !== undefined) yield* [entry.key, made(":")];
  }
}

/** Returns a token that was not read: its place in the text means nothing. */
function made(kind: "{" | "}" | "[" | "]" | "," | ":"): JsonToken {
  return { kind, text: kind, at: 0 };
}
