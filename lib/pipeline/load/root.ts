import { isRecord } from "../../base/record.ts";
import type { SpecLevel } from "../expand.ts";
import type { PluginUse, Playbook } from "../model.ts";
import { check, kindText } from "../schema/check.ts";
import { executor, executorSpecKeys, playbook, plugin } from "../schema/file.ts";
import { nearHint, shownName } from "../schema/near.ts";
import { anything, list } from "../schema/shapes.ts";
import type { KeyPath, Source } from "../source.ts";
import type { LoadContext } from "./context.ts";
import { levelShape, splitSpec } from "./spec.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Everything of a file but its steps. */
export interface Root extends Pick<Playbook, "name" | "workload" | "keychain" | "plugins"> {
  readonly content: Content;
  /** Spec of the run, for its tasks. */
  readonly level: SpecLevel;
  readonly maxDuration: string | number | undefined;
  readonly maxBytes: string | number | undefined;
  readonly output: unknown;
  /** Returns the name of the step a run starts at. */
  entryFor(names: readonly string[]): string;
}

type Content =
  | { readonly kind: "steps"; readonly nodes: readonly unknown[]; readonly path: KeyPath }
  | { readonly kind: "tasks"; readonly nodes: readonly unknown[] };

const PLAYBOOK = playbook({
  executor: anything(),
  workflow: list(anything(), "[ … ]", "a list of steps"),
  plugins: list(plugin(), "[ ./sign.js ]", "a list of plugins"),
});
const EXECUTOR = executor(anything());
const EXECUTOR_SPEC = levelShape(executorSpecKeys());
const NO_LEVEL: SpecLevel = { spec: {}, path: undefined };

/** Returns the name of a file without folder and ending. */
function baseName(file: string): string {
  if (file === "-") return "pipeline";
  const base = file.split(/[/\\]/).at(-1) ?? "";
  return base.replace(/(?<=.)\.[^.]*$/, "") || "pipeline";
}

/**
 * Reads the root of a file: a playbook, a list of steps or a list of tasks.
 *
 * @throws {WeirError} PIPELINE_INVALID
 */
export function readRoot(data: unknown, load: LoadContext): Root {
  const { source } = load;
  if (Array.isArray(data)) return readList(data, source);
  if (isRecord(data)) return readPlaybook(data, load);
  const isEmpty = data === null;
  throw source.error([], {
    message: isEmpty ? "The file is empty" : `The file holds ${kindText(data)}`,
    hint: "Write a playbook, a list of steps, or a list of tasks; see weir help pipelines",
  });
}

function readList(nodes: readonly unknown[], source: Source): Root {
  if (nodes.length === 0)
    throw source.error([], {
      message: "The file holds an empty list",
      hint: "Write steps: - step: NAME with tool: [ … ], or tasks: - NAME: { kind: … }",
    });
  const hasSteps = nodes.some((node) => isRecord(node) && Object.hasOwn(node, "step"));
  return {
    name: baseName(source.file),
    workload: {},
    keychain: undefined,
    plugins: [],
    content: hasSteps ? { kind: "steps", nodes, path: [] } : { kind: "tasks", nodes },
    level: NO_LEVEL,
    maxDuration: undefined,
    maxBytes: undefined,
    output: undefined,
    entryFor: (names) => (names.includes("start") ? "start" : (names[0] ?? "")),
  };
}

function readPlaybook(data: Fields, load: LoadContext): Root {
  const { source } = load;
  refuseSingle(data, source);
  const fields = check(PLAYBOOK, data, [], source);
  if (fields.workflow.length === 0)
    throw source.error(["workflow"], {
      message: "workflow has no steps",
      hint: "Add - step: NAME with tool: [ … ]",
    });
  const workload = fields.workload ?? {};
  warnTemplates(workload, ["workload"], load);
  const run = readExecutor(fields.executor, load);
  return {
    name: fields.metadata?.name ?? baseName(source.file),
    workload,
    keychain: fields.keychain,
    plugins: (fields.plugins ?? []).map((use, index) => pluginUse(use, ["plugins", index])),
    content: { kind: "steps", nodes: fields.workflow, path: ["workflow"] },
    level: run.level,
    maxDuration: run.maxDuration,
    maxBytes: run.maxBytes,
    output: fields.output,
    entryFor: (names) => entryOf(names, run.entryStep, load),
  };
}

/** One step or task without its dash is a map too, and its errors would name keys of a playbook. */
function refuseSingle(data: Fields, source: Source): void {
  const keys = Object.keys(data);
  const [only = ""] = keys;
  const inner = data[only];
  const isStep = Object.hasOwn(data, "step") && !Object.hasOwn(data, "apiVersion");
  const isTask = keys.length === 1 && isRecord(inner) && Object.hasOwn(inner, "kind");
  if (!isStep && !isTask) return;
  throw source.error([isStep ? "step" : only], {
    message: `The file holds one ${isStep ? "step" : "task"} that is in no list`,
    hint: `Write "- " before ${isStep ? "step" : only}, and indent what is below it`,
    part: "key",
  });
}

function readExecutor(node: unknown, load: LoadContext) {
  const { source } = load;
  const { spec, ...others } = check(EXECUTOR, node ?? {}, ["executor"], source);
  for (const key of Object.keys(others))
    load.warn(["executor", key], `executor.${key} has no meaning here`, "Remove it");
  const path = ["executor", "spec"];
  const { own, level } = splitSpec(spec, path, EXECUTOR_SPEC, source);
  const { on_unmatched } = own;
  return {
    level: on_unmatched === undefined ? level : withUnmatched(level, on_unmatched),
    entryStep: own.entry_step,
    maxDuration: own.max_duration,
    maxBytes: own.max_bytes,
  };
}

/** `executor.spec.on_unmatched` is what a policy says that says nothing itself. */
function withUnmatched(level: SpecLevel, word: string): SpecLevel {
  const { policy } = level.spec;
  const own = isRecord(policy) ? policy : {};
  return { ...level, spec: { ...level.spec, policy: { on_unmatched: word, ...own } } };
}

function entryOf(names: readonly string[], wanted: string | undefined, load: LoadContext): string {
  const path = ["executor", "spec", "entry_step"];
  if (wanted !== undefined && !names.includes(wanted)) {
    load.add(
      load.source.error(path, {
        message: `entry_step names ${shownName(wanted)}, and no step has that name`,
        hint: nearHint(wanted, names, "steps"),
      }),
    );
  }
  if (!names.includes("start")) return wanted ?? names[0] ?? "";
  if (wanted !== undefined && wanted !== "start")
    load.warn(
      path,
      "entry_step has no meaning beside a step named start, where the run starts",
      "Rename the step, or remove entry_step",
    );
  return "start";
}

function pluginUse(node: unknown, path: KeyPath): PluginUse {
  if (typeof node === "string") return { path, plugin: node, options: {}, net: undefined };
  // The shape of a plugin was checked: a text or this map.
  const use = node as {
    readonly plugin: string;
    readonly options?: Fields;
    readonly net?: readonly string[];
  };
  return { path, plugin: use.plugin, options: use.options ?? {}, net: use.net };
}

/** The workload is data; a template in it would stay text. */
function warnTemplates(node: unknown, path: KeyPath, load: LoadContext): void {
  if (typeof node === "string" && node.includes("{{"))
    load.warn(
      path,
      "The workload is data: this template stays as it is",
      "Write it where it is used",
    );
  if (typeof node !== "object" || node === null) return;
  for (const [key, value] of Object.entries(node))
    warnTemplates(value, [...path, Array.isArray(node) ? Number(key) : key], load);
}
