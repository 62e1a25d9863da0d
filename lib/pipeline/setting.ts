import { WeirError } from "../base/errors.ts";
import type { TemplateName } from "../template/render.ts";
import type { Scope } from "./scope.ts";
import type { Complaint, KeyPath, Source } from "./source.ts";
import { compileValue } from "./values.ts";

/** What a node of the file means, or what is wrong with it. */
export type Reading<T> =
  | { readonly value: T }
  /** A sentence about what stands there, and what to write instead. */
  | { readonly wrong: string; readonly hint: string };

/** A node of the file that means one thing, known at once or when its templates are rendered. */
export interface Setting<T> {
  readonly path: KeyPath;
  readonly isTemplated: boolean;
  readonly names: readonly TemplateName[];
  /**
   * Returns what it means.
   *
   * @throws {WeirError} TEMPLATE_*, with the place in the file
   */
  read(scope: Scope): T;
}

/**
 * Returns the compiled form of a node. One without templates is read at once, so that what is wrong
 * with it is found before anything runs.
 *
 * @throws {WeirError} PIPELINE_INVALID, TEMPLATE_SYNTAX, TEMPLATE_BUDGET
 */
export function compileSetting<T>(
  node: unknown,
  path: KeyPath,
  source: Source,
  parse: (value: unknown) => Reading<T>,
): Setting<T> {
  const value = compileValue(node, path, source);
  const { isTemplated, names } = value;
  if (isTemplated) {
    const read = (scope: Scope): T => {
      const reading = parse(value.evaluate(scope));
      if ("value" in reading) return reading.value;
      throw misrendered(path, source, reading);
    };
    return { path, isTemplated, names, read };
  }
  const reading = parse(node);
  if ("value" in reading) return { path, isTemplated, names, read: () => reading.value };
  throw source.error(path, { message: reading.wrong, hint: reading.hint });
}

/** Returns the error for a template whose value cannot be used where it stands. */
export function misrendered(
  path: KeyPath,
  source: Source,
  { wrong, hint }: { readonly wrong: string; readonly hint: string },
): WeirError {
  return templateTypeError(source, path, { message: wrong, hint });
}

/** Returns TEMPLATE_TYPE for a value of the file that a template gave and that cannot be used. */
export function templateTypeError(source: Source, path: KeyPath, complaint: Complaint): WeirError {
  const { message, hint, details } = source.error(path, complaint);
  return new WeirError("TEMPLATE_TYPE", message, { hint, details });
}
