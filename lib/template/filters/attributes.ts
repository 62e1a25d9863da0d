import type { Evaluation } from "../evaluation.ts";
import { describe, itemAt } from "../lookup.ts";
import { plain, Undefined } from "../values.ts";

/** Returns the part of an item that a filter looks at. */
export type Getter = (item: unknown) => unknown;

/**
 * Returns a function that follows a path such as `addr.city` or `0.id` from an item; without a
 * path it is the item itself.
 *
 * @param fallback what a missing part stands for; undefined leaves it missing
 */
export function getterOf(state: Evaluation, path: unknown, fallback?: unknown): Getter {
  if (path === undefined || path === null) return (item) => item;
  if (typeof path !== "string" && typeof path !== "number")
    throw state.typeError(`An attribute must be a text or number, not ${describe(path)}`);
  const parts = String(path)
    .split(".")
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  return (item) => parts.reduce<unknown>((from, part) => step(state, from, part, fallback), item);
}

function step(state: Evaluation, from: unknown, part: string | number, fallback: unknown): unknown {
  if (from instanceof Undefined) throw state.undefinedError(from);
  state.charge(1);
  const value = itemAt(state, from, part);
  if (value !== undefined) return plain(value);
  return fallback === undefined ? state.missing(`An item has no attribute "${part}"`) : fallback;
}

/** Returns `getter` with texts in small letters, for filters that ignore case. */
export function folded(getter: Getter): Getter {
  return (item) => {
    const value = getter(item);
    return typeof value === "string" ? value.toLowerCase() : value;
  };
}
