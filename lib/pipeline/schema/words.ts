import { nearestName } from "../../base/nearest.ts";

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

/** Returns what `writeWords` was given; shapes that bring words of their own keep them. */
export function readWords(
  text: string,
): Words & { readonly refuse: (key: string) => Refusal } {
  const words = text.startsWith("{")
    ? // Only writeWords makes such a text.
      (JSON.parse(text) as Partial<KeyWords>)
    : { expected: `right: ${text}` };
  const { expected = "something else", example = "…", keys = [], refused = {} } = words;
  return { expected, example, refuse: (key) => refusal(key, keys, refused) };
}

function refusal(
  key: string,
  keys: readonly string[],
  refused: Readonly<Record<string, string>>,
): Refusal {
  const instead = Object.hasOwn(refused, key) ? refused[key] : undefined;
  if (instead !== undefined)
    return { message: "KEY is no key of this format", hint: instead };
  // The search is quadratic, and no name is that long.
  const near = key.length > 64 ? undefined : nearestName(key, keys);
  const known = keys.length === 0 ? "This map has no keys" : `The keys are: ${keys.join(", ")}`;
  return {
    message: "KEY does not exist",
    hint: near === undefined ? known : `Did you mean ${near}`,
  };
}
