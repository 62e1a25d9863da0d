import { z, type ZodType } from "zod";
import type { SpecLevel } from "../expand.ts";
import { TASK_KINDS } from "../kinds/index.ts";
import { check } from "../schema/check.ts";
import { anything, type Keys, table } from "../schema/shapes.ts";
import type { KeyPath, Source } from "../source.ts";

type Data<K extends Keys> = { readonly [P in keyof K]: z.output<K[P]> };

/** Keys that the spec of any task may have. */
export function taskSpecKeys(): Readonly<Record<string, ZodType>> {
  const names = TASK_KINDS.flatMap(({ specKeys }) => Object.keys(specKeys));
  return Object.fromEntries(["policy", "retry", ...names].map((name) => [name, anything()]));
}

/**
 * Splits the `spec` of a level above the tasks into its own keys and those its tasks take over.
 *
 * @param node the spec; undefined for none
 * @throws {WeirError} PIPELINE_INVALID
 */
export function splitSpec<K extends Keys>(
  node: unknown,
  path: KeyPath,
  keys: K,
  source: Source,
): { readonly own: Data<K>; readonly level: SpecLevel } {
  const spec = check(table({ ...taskSpecKeys(), ...keys }), node ?? {}, path, source);
  const isOwn = ([key]: readonly [string, unknown]): boolean => Object.hasOwn(keys, key);
  const entries = Object.entries(spec);
  return {
    // The shapes of `keys` were checked; a key that is not there is undefined.
    own: Object.fromEntries(entries.filter(isOwn)) as Data<K>,
    level: { spec: Object.fromEntries(entries.filter((entry) => !isOwn(entry))), path },
  };
}
