import { isRecord } from "../../base/record.ts";
import type { Arc, Step } from "../model.ts";
import { check, kindText } from "../schema/check.ts";
import { arc as arcShape, next as nextShape } from "../schema/file.ts";
import { anything, list } from "../schema/shapes.ts";
import type { KeyPath, Source } from "../source.ts";
import { compileCondition, compileValue } from "../values.ts";

const ARC = arcShape();
const NEXT = nextShape(list(anything(), "[ { step: store } ]", "a list of arcs"));

/** Where a step leads. */
export type Ways = Pick<Step, "mode" | "arcs">;

/**
 * Returns the arcs of a step: a name, a list of names and arcs, or a map with `arcs` and `spec`.
 *
 * @param node `next` of the step; nothing for none
 * @throws {WeirError} PIPELINE_INVALID, TEMPLATE_SYNTAX
 */
export function compileArcs(node: unknown, path: KeyPath, source: Source): Ways {
  if (node === undefined || node === null) return { mode: "exclusive", arcs: [] };
  if (typeof node === "string")
    return { mode: "exclusive", arcs: [compileArc(node, path, source)] };
  if (Array.isArray(node)) return { mode: "exclusive", arcs: arcsOf(node, path, source) };
  if (!isRecord(node))
    throw source.error(path, {
      message: `next must be a list of arcs, not ${kindText(node)}`,
      hint: "Write next: [ { step: NAME } ]",
    });
  if (Object.hasOwn(node, "step"))
    return { mode: "exclusive", arcs: [compileArc(node, path, source)] };
  const { spec, arcs } = check(NEXT, node, path, source);
  return { mode: spec?.mode ?? "exclusive", arcs: arcsOf(arcs, [...path, "arcs"], source) };
}

function arcsOf(nodes: readonly unknown[], path: KeyPath, source: Source): readonly Arc[] {
  return nodes.map((node, index) => compileArc(node, [...path, index], source));
}

function compileArc(node: unknown, path: KeyPath, source: Source): Arc {
  if (typeof node === "string") return { path, step: node, when: undefined, args: undefined };
  const { step, when, args } = check(ARC, node, path, source);
  return {
    path: [...path, "step"],
    step,
    when:
      when === undefined ? undefined : compileCondition(String(when), [...path, "when"], source),
    args: args === undefined ? undefined : compileValue(args, [...path, "args"], source),
  };
}
