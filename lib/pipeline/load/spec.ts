import type { z, ZodType } from "zod";
import type { SpecLevel } from "../expand.ts";
import { TASK_KINDS } from "../kinds/index.ts";
import { check } from "../schema/check.ts";
import { anything, type Keys, table } from "../schema/shapes.ts";
import type { KeyPath, Source } from "../source.ts";

type Data<K extends Keys> = { readonly [P in keyof K]: z.output<K[P]> };

/** The `spec` of a level above the tasks: its own keys, and those its tasks take over. */
export interface LevelShape<K extends Keys> {
  readonly keys: K;
  readonly shape: ZodType<Readonly<Record<string, unknown>>>;
}

/** Returns the shape of a spec with `keys` beside those of any task. */
export function levelShape<K extends Keys>(keys: K): LevelShape<K> {
  const names = ["policy", "retry", ...TASK_KINDS.flatMap((kind) => Object.keys(kind.specKeys))];
  const inherited = Object.fromEntries(names.map((name) => [name, anything().optional()]));
  return { keys, shape: table({ ...inherited, ...keys }) };
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
  { keys, shape }: LevelShape<K>,
  source: Source,
): { readonly own: Data<K>; readonly level: SpecLevel } {
  const spec = check(shape, node ?? {}, path, source);
  const isOwn = ([key]: readonly [string, unknown]): boolean => Object.hasOwn(keys, key);
  const entries = Object.entries(spec);
  return {
    // The shapes of `keys` were checked; a key that is not there is undefined.
    own: Object.fromEntries(entries.filter(isOwn)) as Data<K>,
    level: { spec: Object.fromEntries(entries.filter((entry) => !isOwn(entry))), path },
  };
}
