import { type Dict, isDict, keysOf, ownValue, setKey } from "../template/values.ts";

/**
 * Returns the workload of a run: maps are merged key by key, in every other case what was given
 * takes the place of the default. Neither is changed.
 */
export function mergeWorkload(defaults: Dict, given: Dict): Readonly<Record<string, unknown>> {
  const merged: Record<string, unknown> = {};
  for (const key of keysOf(defaults)) setKey(merged, key, ownValue(defaults, key));
  for (const key of keysOf(given)) {
    const value = ownValue(given, key);
    const before = ownValue(merged, key);
    const isBoth = isDict(before) && isDict(value);
    setKey(merged, key, isBoth ? mergeWorkload(before, value) : value);
  }
  return merged;
}
