import { optional, table } from "../config/combine.ts";
import { flag } from "../config/scalars.ts";

/** The shape of `[pipeline]` of the configuration. */
export const pipelineShape = table({
  /** True: the operator's allowlist holds for every run. */
  guard: optional(flag()),
});
