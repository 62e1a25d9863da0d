import { isRecord } from "../../base/record.ts";
import type { SpecLevel } from "../expand.ts";
import type { Loop, LoopInput } from "../model.ts";
import { check } from "../schema/check.ts";
import { loop as loopShape, loopSource, loopSpecKeys } from "../schema/file.ts";
import type { KeyPath } from "../source.ts";
import { compileValue } from "../values.ts";
import type { LoadContext } from "./context.ts";
import { levelShape, splitSpec } from "./spec.ts";
import { anything } from "../schema/shapes.ts";

const LOOP = loopShape(anything());
const SPEC = levelShape(loopSpecKeys());
const SOURCES = loopSource();
const PARALLEL_DEFAULT = 8;
const RESERVED = ["index", "parent"];

const FORMATS = { ndjson: "ndjson", jsonl: "ndjson", csv: "csv", json: "json" } as const;

/** A loop, and what its spec says for its tasks. */
export interface ReadLoop {
  readonly loop: Loop;
  readonly level: SpecLevel;
}

/**
 * Returns the compiled loop of a step.
 *
 * @throws {WeirError} PIPELINE_INVALID, TEMPLATE_SYNTAX
 */
export function compileLoop(node: unknown, path: KeyPath, load: LoadContext): ReadLoop {
  const { source } = load;
  const fields = check(LOOP, node, path, source);
  if (RESERVED.includes(fields.iterator))
    throw source.error([...path, "iterator"], {
      message: `iter.${fields.iterator} has a meaning of its own`,
      hint: "Use another name, such as item",
    });
  const specPath = [...path, "spec"];
  const { own, level } = splitSpec(fields.spec, specPath, SPEC, source);
  const { mode = "sequential", max_in_flight, on_error = "fail" } = own;
  if (mode === "sequential" && max_in_flight !== undefined && max_in_flight > 1)
    load.warn(
      [...specPath, "max_in_flight"],
      "max_in_flight has no meaning in a sequential loop",
      "Add mode: parallel",
    );
  if (on_error === "fail" && own.threshold !== undefined)
    load.warn(
      [...specPath, "threshold"],
      "threshold has no meaning when the first failed item ends the loop",
      "Add on_error: continue",
    );
  return {
    loop: {
      path,
      input: loopInput(fields.in, [...path, "in"], load),
      iterator: fields.iterator,
      maxInFlight: mode === "sequential" ? 1 : (max_in_flight ?? PARALLEL_DEFAULT),
      onError: on_error,
      threshold: thresholdOf(own.threshold),
    },
    level,
  };
}

function thresholdOf(value: unknown): Loop["threshold"] {
  if (typeof value === "number") return { count: value };
  return typeof value === "string" ? { share: Number(value.replace("%", "")) / 100 } : undefined;
}

function loopInput(node: unknown, path: KeyPath, load: LoadContext): LoopInput {
  const { source } = load;
  if (isRecord(node) && Object.hasOwn(node, "file") && hasOnly(node, ["file", "format"])) {
    const { file, format } = check(SOURCES.file, node, path, source);
    const ending = /\.([a-z]+)$/i.exec(file)?.[1]?.toLowerCase() ?? "";
    const found = format ?? formatOf(ending);
    if (found === undefined)
      throw source.error([...path, "file"], {
        message: "The name of the file does not say how it is to be read",
        hint: "Add format: ndjson, csv or json",
      });
    return { kind: "file", path: compileValue(file, [...path, "file"], source), format: found };
  }
  if (isRecord(node) && Object.hasOwn(node, "result") && hasOnly(node, ["result", "items"])) {
    const { result, items } = check(SOURCES.result, node, path, source);
    return { kind: "result", ref: compileValue(result, [...path, "result"], source), items };
  }
  return { kind: "value", value: compileValue(node, path, source) };
}

function formatOf(ending: string): "ndjson" | "csv" | "json" | undefined {
  return Object.entries(FORMATS).find(([name]) => name === ending)?.[1];
}

function hasOnly(node: object, keys: readonly string[]): boolean {
  return Object.keys(node).every((key) => keys.includes(key));
}
