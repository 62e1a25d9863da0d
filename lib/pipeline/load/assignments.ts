import { isRecord } from "../../base/record.ts";
import type { Assignment } from "../model.ts";
import type { KeyPath, Source } from "../source.ts";
import { compileValue } from "../values.ts";
import { NAME } from "../schema/file.ts";

type Fields = Readonly<Record<string, unknown>>;
type Target = Assignment["target"];

/** Scopes a rule cannot set, with why. */
const FIXED: Readonly<Record<string, string>> = {
  workload: "The workload stays as it was given; set ctx.NAME",
  keychain: "Credentials are set under keychain at the root",
  args: "Args come with an arc; set ctx.NAME",
  outcome: "The outcome is what happened; set ctx.NAME",
  output: "The outcome is what happened; set ctx.NAME",
  event: "Events are what happened; set ctx.NAME",
};

interface Place {
  readonly path: KeyPath;
  readonly source: Source;
}

function assignment(
  target: Target,
  names: readonly string[],
  value: unknown,
  { path, source }: Place,
): Assignment {
  const odd = names.find((name) => !NAME.test(name));
  if (odd !== undefined || names.length === 0)
    throw source.error(path, {
      message: `${JSON.stringify([target, ...names].join(".").slice(0, 80))} is no name of a variable`,
      hint: "Write letters, digits and _, with dots between the names of nested variables",
      part: "key",
    });
  if (target === "iter" && names[0] === "index" && names.length === 1)
    throw source.error(path, {
      message: "iter.index is the place of the item in the loop and cannot be set",
      hint: "Use another name, such as iter.page",
      part: "key",
    });
  return { target, names, value: compileValue(value, path, source) };
}

/** A map of variables below a target: `iter: { page: 2 }`. */
function nested(target: Target, value: unknown, { path, source }: Place): readonly Assignment[] {
  if (!isRecord(value))
    throw source.error(path, {
      message: `${target} as a whole cannot be set`,
      hint: `Write ${target}.NAME: …`,
      part: "key",
    });
  return under(target, value, { path, source });
}

function under(target: Target, values: Fields, { path, source }: Place): readonly Assignment[] {
  return Object.entries(values).map(([key, value]) => {
    const names = key.split(".");
    const isPrefixed = names[0] === target && names.length > 1;
    const at = { path: [...path, key], source };
    return assignment(target, isPrefixed ? names.slice(1) : names, value, at);
  });
}

function free(values: Fields, { path, source }: Place): readonly Assignment[] {
  return Object.entries(values).flatMap(([key, value]) => {
    const [first = "", ...rest] = key.split(".");
    const at = { path: [...path, key], source };
    const why = Object.hasOwn(FIXED, first) ? FIXED[first] : undefined;
    if (why !== undefined)
      throw source.error(at.path, { message: `${first} cannot be set`, hint: why, part: "key" });
    if (first !== "iter" && first !== "ctx")
      return [assignment("ctx", [first, ...rest], value, at)];
    return rest.length === 0 ? nested(first, value, at) : [assignment(first, rest, value, at)];
  });
}

/**
 * Returns what the `set`, `set_iter` and `set_ctx` of an action set, in the order of the file.
 *
 * @throws {WeirError} PIPELINE_INVALID, TEMPLATE_SYNTAX
 */
export function compileAssignments(
  action: Fields,
  path: KeyPath,
  source: Source,
): readonly Assignment[] {
  return Object.entries(action).flatMap(([key, value]) => {
    if (!isRecord(value)) return [];
    const at = { path: [...path, key], source };
    if (key === "set") return free(value, at);
    if (key === "set_iter") return under("iter", value, at);
    return key === "set_ctx" ? under("ctx", value, at) : [];
  });
}
