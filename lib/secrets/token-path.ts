import type { KeyPath } from "./problem.ts";
import { badEntry } from "./problem.ts";

/** Where a value stands in an answer: names and indexes from the root. */
export type AnswerPath = readonly (string | number)[];

const STEP = /\.?([A-Za-z0-9_-]+)|\[(\d{1,6})\]|\[(?:"([^"\\]*)"|'([^'\\]*)')\]/gy;

/**
 * Reads `a.b`, `$.a.b`, `$.list[0]` or `$["a b"]`.
 *
 * @throws {WeirError} CONFIG_INVALID with the key path
 */
export function parseAnswerPath(text: string, path: KeyPath): AnswerPath {
  const rest = text.startsWith("$") ? text.slice(1) : `.${text}`;
  const steps: (string | number)[] = [];
  let at = 0;
  for (const [whole, name, index, quoted, single] of rest.matchAll(STEP)) {
    at += whole.length;
    steps.push(index === undefined ? (name ?? quoted ?? single ?? "") : Number(index));
  }
  if (at === rest.length && steps.length > 0) return steps;
  throw badEntry(path, "is not a path", 'Write "access_token", "data.token" or "$.items[0].token"');
}

/** Returns what stands at `path`, undefined when nothing does. Own properties only. */
export function valueAt(document: unknown, path: AnswerPath): unknown {
  let value = document;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step))
      return undefined;
    value = Object.getOwnPropertyDescriptor(value, step)?.value;
  }
  return value;
}
