import { isRecord } from "../../base/record.ts";
import type { SpecLevel } from "../expand.ts";
import type { Step } from "../model.ts";
import { check } from "../schema/check.ts";
import { NAME, step as stepShape, stepSpecKeys } from "../schema/file.ts";
import { anything } from "../schema/shapes.ts";
import { shownName } from "../schema/near.ts";
import type { KeyPath } from "../source.ts";
import { compileArcs } from "./arcs.ts";
import type { LoadContext } from "./context.ts";
import { compileLoop } from "./loop.ts";
import { SCOPE_NAMES } from "./names.ts";
import { compileAdmission } from "./policy.ts";
import { levelShape, splitSpec } from "./spec.ts";
import { compileTasks } from "./tasks.ts";

const STEP = stepShape({ tool: anything(), loop: anything(), next: anything(), spec: anything() });
const SPEC = levelShape(stepSpecKeys());
const MAX_ITERATIONS = 1000;

/**
 * Returns a compiled step; what is wrong inside it is added to `load`.
 *
 * @param outer spec of the run
 * @throws {WeirError} PIPELINE_INVALID when it is no step at all
 */
export function compileStep(
  node: unknown,
  path: KeyPath,
  outer: SpecLevel,
  load: LoadContext,
): Step {
  const { source } = load;
  const fields = check(STEP, node, path, source);
  const { step: name, loop, tool, next } = fields;
  checkName(name, [...path, "step"], load);
  if (tool === undefined && ((next ?? undefined) === undefined || loop !== undefined))
    load.add(
      source.error(path, {
        message: `Step ${name} has no tasks`,
        hint: "Add tool: [ { NAME: { kind: http, url: … } } ]",
      }),
    );
  const spec = load.attempt(() => stepSpec(fields.spec, [...path, "spec"], load));
  const readLoop =
    loop === undefined ? undefined : load.attempt(() => compileLoop(loop, [...path, "loop"], load));
  const levels = [outer, ...(spec ? [spec.level] : []), ...(readLoop ? [readLoop.level] : [])];
  const isParallel = (readLoop?.loop.maxInFlight ?? 1) > 1;
  const around = { step: name, levels, isParallel };
  const tasks = load.attempt(() =>
    tool === undefined ? [] : compileTasks(tool, [...path, "tool"], around, load),
  );
  const ways = load.attempt(() => compileArcs(next, [...path, "next"], source));
  return {
    name,
    description: fields.desc,
    path,
    admit: spec?.admit ?? [],
    loop: readLoop?.loop,
    tasks: tasks ?? [],
    mode: ways?.mode ?? "exclusive",
    arcs: ways?.arcs ?? [],
    maxIterations: spec?.maxIterations ?? MAX_ITERATIONS,
  };
}

function checkName(name: string, path: KeyPath, load: LoadContext): void {
  if (SCOPE_NAMES.has(name))
    load.add(
      load.source.error(path, {
        message: `${name} has a meaning of its own and cannot name a step`,
        hint: "Give the step another name",
      }),
    );
  else if (!NAME.test(name))
    load.warn(
      path,
      `Templates cannot use the result of step ${shownName(name)}`,
      "Name it with letters, digits and _",
    );
}

/** Splits the spec of a step into admission, its limits, and what its tasks take over. */
function stepSpec(node: unknown, path: KeyPath, load: LoadContext) {
  const { own, level } = splitSpec(node, path, SPEC, load.source);
  const { policy } = level.spec;
  const policyPath = [...path, "policy"];
  if (!isRecord(policy)) return { level, admit: [], maxIterations: own.max_iterations };
  const { admit, ...rest } = policy;
  return {
    level: { spec: { ...level.spec, policy: rest }, path },
    admit: compileAdmission(admit, [...policyPath, "admit"], load.source),
    maxIterations: own.max_iterations,
  };
}
