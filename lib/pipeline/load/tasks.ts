import { isRecord } from "../../base/record.ts";
import { z, type ZodType } from "zod";
import { nearHint, shownName } from "../schema/near.ts";
import { type MergedSpec, mergeSpecs, type SpecLevel } from "../expand.ts";
import { OTHER_KINDS, TASK_KINDS } from "../kinds/index.ts";
import type { TaskKind } from "../kinds/kind.ts";
import type { Task } from "../model.ts";
import { check, kindText } from "../schema/check.ts";
import { NAME } from "../schema/file.ts";
import { retry as retryShape } from "../schema/policy.ts";
import { RETRY_KEYS } from "../actions/retry.ts";
import { anything, type Keys, table, text } from "../schema/shapes.ts";
import type { KeyPath, Source } from "../source.ts";
import type { LoadContext } from "./context.ts";
import { SCOPE_NAMES } from "./names.ts";
import { compilePolicy } from "./policy.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What a task takes over from the step it is in. */
export interface TaskSurroundings {
  readonly step: string;
  /** Specs of the run, the step and the loop. */
  readonly levels: readonly SpecLevel[];
  readonly isParallel: boolean;
}

/** A task before it is compiled: its label and what it says. */
interface LabelledTask {
  readonly label: string;
  readonly fields: Fields;
  readonly path: KeyPath;
  /** Where its label stands. */
  readonly labelPath: KeyPath;
}

/**
 * Returns the compiled tasks of a step.
 *
 * @param node `tool` of the step, in one of its four spellings
 */
export function compileTasks(
  node: unknown,
  path: KeyPath,
  around: TaskSurroundings,
  load: LoadContext,
): readonly Task[] {
  const labelled = labelTasks(node, path, around.step, load.source);
  const labels = labelled.map(({ label }) => label);
  labelled.forEach((task, index) => load.attempt(() => checkLabel(task, labels, index, load)));
  return labelled.flatMap((task) => {
    const compiled = load.attempt(() => compileTask(task, labels, around, load));
    return compiled === undefined ? [] : [compiled];
  });
}

/** Reads a list of `{ label: { kind } }` or `{ name, kind }`, or a single task in either form. */
function labelTasks(
  node: unknown,
  path: KeyPath,
  step: string,
  source: Source,
): readonly LabelledTask[] {
  if (isRecord(node)) return [labelTask(node, path, `${step}_task`, source)];
  if (!Array.isArray(node) || node.length === 0)
    throw source.error(path, {
      message: `tool must be a list of tasks or one task, not ${kindText(node)}`,
      hint: "Write tool: [ { NAME: { kind: http, url: … } } ]",
    });
  return node.map((item: unknown, index) =>
    labelTask(item, [...path, index], `task_${index}`, source),
  );
}

function labelTask(node: unknown, path: KeyPath, unnamed: string, source: Source): LabelledTask {
  if (!isRecord(node))
    throw source.error(path, {
      message: `A task must be a map, not ${kindText(node)}`,
      hint: "Write NAME: { kind: http, url: … }",
    });
  const keys = Object.keys(node);
  const [only = ""] = keys;
  if (isFlattened(node)) throw flattened(only, path, source);
  if (Object.hasOwn(node, "kind") && !isRecord(node["kind"])) {
    const { name } = node;
    const hasName = typeof name === "string";
    const labelPath = hasName ? [...path, "name"] : path;
    return { label: hasName ? name : unnamed, fields: node, path, labelPath };
  }
  const inner = node[only];
  if (keys.length === 1 && isRecord(inner))
    return { label: only, fields: inner, path: [...path, only], labelPath: [...path, only] };
  throw notATask(node, path, source);
}

/** Says whether the keys of a task stand beside its label, and not below it. */
function isFlattened(node: Fields): boolean {
  const [only = "", second] = Object.keys(node);
  const isEmpty = node[only] === null || node[only] === undefined;
  return isEmpty && second === "kind" && only !== "name" && !Object.hasOwn(node, "name");
}

function flattened(label: string, path: KeyPath, source: Source) {
  return source.error([...path, "kind"], {
    message: `kind stands beside the task ${shownName(label)}, and not in it`,
    hint: `Indent the keys of the task further than ${shownName(label)}`,
    part: "key",
  });
}

function notATask(node: Fields, path: KeyPath, source: Source) {
  const keys = Object.keys(node);
  if (keys.length > 1 && keys.every((key) => isRecord(node[key])))
    return source.error(path, {
      message: "Several tasks stand in one map, where their order is not said",
      hint: "Write a list: - NAME: { kind: … } for each",
    });
  const [only = ""] = keys;
  if (keys.length === 1)
    return source.error([...path, only], {
      message: `Task ${shownName(only)} must be a map with kind, not ${kindText(node[only])}`,
      hint: "Indent its keys below it, and write kind: http",
      part: "key",
    });
  return source.error(path, {
    message: "The task has no kind",
    hint: `Add kind: with one of: ${TASK_KINDS.map(({ name }) => name).join(", ")}`,
  });
}

function checkLabel(
  { label, labelPath, path }: LabelledTask,
  labels: readonly string[],
  index: number,
  load: LoadContext,
): void {
  const part = "key" as const;
  if (labels.indexOf(label) !== index)
    throw load.source.error(labelPath, {
      message: `Two tasks of the step are named ${shownName(label)}`,
      hint: "Give each a name of its own",
      part,
    });
  if (SCOPE_NAMES.has(label) || ["previous", "prev"].includes(label))
    throw load.source.error(labelPath, {
      message: `${label} has a meaning of its own and cannot name a task`,
      hint: "Give the task another name",
      part,
    });
  // A label nobody wrote is made of the step's name, which was looked at already.
  if (labelPath !== path && !NAME.test(label))
    load.warn(
      labelPath,
      `Templates cannot use the result of task ${shownName(label)}`,
      "Name it with letters, digits and _",
    );
}

function kindOf({ fields, path, label }: LabelledTask, source: Source): TaskKind {
  const { kind: word } = fields;
  const kind = TASK_KINDS.find(({ name }) => name === word);
  if (kind !== undefined) return kind;
  const names = TASK_KINDS.map(({ name }) => name);
  if (word === undefined)
    throw source.error(path, {
      message: `Task ${label} has no kind`,
      hint: `Add kind: with one of: ${names.join(", ")}`,
      part: "key",
    });
  const isOther = typeof word === "string" && Object.hasOwn(OTHER_KINDS, word);
  throw source.error([...path, "kind"], {
    message: `There is no kind ${shownName(word)}`,
    hint: (isOther ? OTHER_KINDS[word] : undefined) ?? nearHint(word, names, "kinds"),
  });
}

/** Where keys belong that people write on the task itself. */
function misplaced(kind: TaskKind): Readonly<Record<string, string>> {
  const inSpec = ["policy", "retry", ...Object.keys(kind.specKeys)];
  return {
    ...Object.fromEntries(inSpec.map((key) => [key, `Write spec: { ${key}: … }`])),
    when: "Write when in a rule of the task before, or on an arc",
    eval: "Write spec: { policy: { rules: [ { when: … } ] } }",
    expr: "Write spec: { policy: { rules: [ { when: … } ] } }",
    case: "Write spec: { policy: { rules: [ { when: … } ] } }",
    vars: "Set variables by rules: then: { do: continue, set: { ctx.NAME: … } }",
  };
}

function compileTask(
  task: LabelledTask,
  labels: readonly string[],
  around: TaskSurroundings,
  load: LoadContext,
): Task {
  const { fields, path, label } = task;
  const kind = kindOf(task, load.source);
  check(shapesOf(kind).task, fields, path, load.source);
  const specPath = [...path, "spec"];
  const { spec, source } = taskSpec(kind, fields["spec"], specPath, around, load.source);
  const policy = compilePolicy(spec, specPath, { source, labels, label, ...around });
  const kindFields = Object.keys(kind.keys).flatMap((key) =>
    Object.hasOwn(fields, key) ? [[key, fields[key]]] : [],
  );
  const { policy: _policy, retry: _retry, ...kindSpec } = spec;
  const work = kind.compile({
    fields: Object.fromEntries(kindFields),
    spec: kindSpec,
    path,
    source,
    warn: (at, message, hint) => load.warn(at, message, hint),
  });
  return { label, kind: kind.name, path, policy, work };
}

interface KindShapes {
  readonly task: ZodType;
  readonly spec: ZodType;
}

/** Shapes of the kinds met so far: making one costs more than using it. */
const SHAPES = new Map<TaskKind, KindShapes>();

function shapesOf(kind: TaskKind): KindShapes {
  const known = SHAPES.get(kind);
  if (known !== undefined) return known;
  const made = makeShapes(kind);
  SHAPES.set(kind, made);
  return made;
}

function makeShapes(kind: TaskKind): KindShapes {
  const own = Object.keys(kind.keys).map((key) => [key, "Write it on the task, beside kind"]);
  return {
    task: table(
      {
        kind: anything(),
        name: text().optional(),
        desc: text().optional(),
        spec: anything().optional(),
        ...openKeys(kind.keys),
      },
      { refused: misplaced(kind), expected: "a task: a map with kind" },
    ),
    spec: table(
      {
        policy: anything().optional(),
        retry: retryShape(RETRY_KEYS).optional(),
        ...openKeys(kind.specKeys),
      },
      { refused: { ...Object.fromEntries(own), settle: "It is not available in this version" } },
    ),
  };
}

/** Zod asks for keys that may be anything, and a kind says "anything" of keys nobody must write. */
function openKeys(keys: Keys): Keys {
  const entries = Object.entries(keys);
  return Object.fromEntries(
    entries.map(([key, shape]) => [key, shape instanceof z.ZodUnknown ? shape.optional() : shape]),
  );
}

/** Merges the levels; of those above the task, only what its kind knows. */
function taskSpec(
  kind: TaskKind,
  own: unknown,
  path: KeyPath,
  { levels }: TaskSurroundings,
  source: Source,
): MergedSpec {
  const { spec: shape } = shapesOf(kind);
  const known = levels.map(({ spec, path: at }) => ({ path: at, spec: onlyFor(kind, spec) }));
  const written = own ?? {};
  // A spec that is no map is refused below, where it stands.
  const last: SpecLevel = { spec: isRecord(written) ? written : {}, path };
  if (!isRecord(written)) check(shape, written, path, source);
  const defaults: SpecLevel = { spec: kind.specDefaults, path: undefined };
  const merged = mergeSpecs([defaults, ...known, last], path, source);
  check(shape, merged.spec, path, merged.source);
  return merged;
}

function onlyFor(kind: TaskKind, spec: Fields): Fields {
  const known = ["policy", "retry", ...Object.keys(kind.specKeys)];
  return Object.fromEntries(Object.entries(spec).filter(([key]) => known.includes(key)));
}
