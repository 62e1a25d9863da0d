import type { EvaluateOptions } from "../template/evaluation.ts";
import type { Dict } from "../template/values.ts";

/** What the templates of one place see: layers searched in order, and the functions lent to them. */
export interface Scope {
  readonly layers: readonly Dict[];
  readonly options: EvaluateOptions;
}

/** Returns `scope` with one more layer in front, which hides names of the others. */
export function within(scope: Scope, layer: Dict): Scope {
  return { layers: [layer, ...scope.layers], options: scope.options };
}
