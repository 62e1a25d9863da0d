import type { z } from "zod";
import { nearestName } from "../../base/nearest.ts";

type Finding = Parameters<z.core.$ZodErrorMap>[0];

// Zod hands one text from a shape to its issue. What a person is told has several parts, so shapes
// put them into that text as JSON, and check.ts takes them out again.

/** What a shape says of a value that does not fit. */
export interface Words {
  /** Noun phrase: "a number of seconds". */
  readonly expected: string;
  /** As YAML: `5`, `{ attempts: 3 }`. */
  readonly example: string;
}

/** What is said about a key that a map does not have. */
export interface Refusal {
  /** Sentence that holds KEY where the key is named. */
  readonly message: string;
  readonly hint: string;
}

/** The keys of a map, and what to say about some it no longer has. */
export interface KeyWords extends Words {
  readonly keys: readonly string[];
  /** Key to what replaces it: "use workload". */
  readonly refused: Readonly<Record<string, string>>;
}

/** Returns the text that a shape gives zod as its error. */
export function writeWords(words: Words | KeyWords): string {
  return JSON.stringify(words);
}

/** Returns what `writeWords` was given. */
export function readWords(text: string): Words & { readonly refuse: (key: string) => Refusal } {
  // Every issue has words of a shape or of wordsFor(), and both write them.
  const words = JSON.parse(text) as Partial<KeyWords>;
  const { expected = "something else", example = "…", keys = [], refused = {} } = words;
  return { expected, example, refuse: (key) => refusal(key, keys, refused) };
}

function refusal(
  key: string,
  keys: readonly string[],
  refused: Readonly<Record<string, string>>,
): Refusal {
  const instead = Object.hasOwn(refused, key) ? refused[key] : undefined;
  if (instead !== undefined) return { message: "KEY is no key of this format", hint: instead };
  // The search is quadratic, and no name is that long.
  const near = key.length > 64 ? undefined : nearestName(key, keys);
  const known = keys.length === 0 ? "This map has no keys" : `The keys are: ${keys.join(", ")}`;
  return {
    message: "KEY does not exist",
    hint: near === undefined ? known : `Did you mean ${near}`,
  };
}

/** What zod's types are called here. */
const TYPES: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a map",
  record: "a map",
  null: "nothing",
};

const EXAMPLES: Readonly<Record<string, string>> = {
  text: '"…"',
  "a number": "1",
  "a whole number": "1",
  "true or false": "true",
  "a list": "[ … ]",
  "a map": "{ … }",
};

/** Returns the words for a shape that has none of its own. */
export function wordsFor(issue: Finding): string {
  if (issue.code === "unrecognized_keys")
    return writeWords({ expected: "a map", example: "{ … }", keys: knownKeys(issue), refused: {} });
  if (issue.code === "invalid_union") return writeWords(unionWords(issue.errors));
  const expected = expectedBy(issue);
  const example = issue.code === "invalid_value" ? String(issue.values[0]) : EXAMPLES[expected];
  return writeWords({ expected, example: example ?? "…" });
}

function expectedBy(issue: Finding): string {
  if (issue.code === "invalid_type") return TYPES[issue.expected] ?? issue.expected;
  if (issue.code === "invalid_value") return alternatives(issue.values.map(String));
  if (issue.code !== "too_small" && issue.code !== "too_big") return "something else";
  const isSmall = issue.code === "too_small";
  if (issue.origin === "string" || issue.origin === "array") {
    const what = issue.origin === "string" ? "a text" : "a list";
    if (!isSmall) return `${what} that is shorter`;
    return issue.minimum === 1 ? `${what} that is not empty` : `${what} that is longer`;
  }
  return isSmall ? `at least ${issue.minimum}` : `at most ${issue.maximum}`;
}

function unionWords(branches: readonly (readonly { readonly message: string }[])[]): Words {
  const words = branches.flatMap(([first]) =>
    first === undefined ? [] : [readWords(first.message)],
  );
  const expected = [...new Set(words.map((one) => one.expected))];
  return { expected: expected.join(" or "), example: words[0]?.example ?? "…" };
}

/** Returns words as a sentence lists them: "a, b or c". */
export function alternatives(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} or ${last}`;
}

/** Keys of the map that a finding is about. */
function knownKeys({ inst }: Finding): readonly string[] {
  const definition: unknown = inst?._zod.def;
  const hasShape = typeof definition === "object" && definition !== null && "shape" in definition;
  return hasShape && typeof definition.shape === "object" && definition.shape !== null
    ? Object.keys(definition.shape)
    : [];
}
