import { compileSetting, type Reading, type Setting } from "../setting.ts";
import type { PaginatorInput } from "./paginator.ts";

/** Returns a key of `paginate`, compiled; undefined when it is not there. */
export function keyOf<T>(
  { fields, path, source }: PaginatorInput,
  key: string,
  parse: (key: string) => (value: unknown) => Reading<T>,
): Setting<T> | undefined {
  const node = fields[key];
  if (node === undefined || node === null) return undefined;
  return compileSetting(node, [...path, key], source, parse(`paginate.${key}`));
}

/**
 * Returns a key that says where something stands, which cannot depend on the run.
 *
 * @throws {WeirError} PIPELINE_INVALID
 */
export function fixedKey<T>(
  { fields, path, source }: PaginatorInput,
  key: string,
  parse: (key: string) => (value: unknown) => Reading<T>,
): T | undefined {
  const node = fields[key];
  if (node === undefined || node === null) return undefined;
  const reading = parse(`paginate.${key}`)(node);
  if ("value" in reading) return reading.value;
  throw source.error([...path, key], { message: reading.wrong, hint: reading.hint });
}

/** As fixedKey, for a key that has to be there. */
export function neededFixedKey<T>(
  input: PaginatorInput,
  key: string,
  parse: (key: string) => (value: unknown) => Reading<T>,
  hint: string,
): T {
  const value = fixedKey(input, key, parse);
  if (value !== undefined) return value;
  throw input.source.error(input.path, {
    message: `paginate of type ${String(input.fields["type"])} needs ${key}`,
    hint,
    part: "key",
  });
}
