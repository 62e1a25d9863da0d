import { z, type ZodType } from "zod";
import { ACTIONS } from "../actions/index.ts";
import { RETRY_KEYS } from "../actions/retry.ts";
import { TASK_KINDS } from "../kinds/index.ts";
import {
  arc,
  executor,
  executorSpecKeys,
  loop,
  loopSpecKeys,
  next,
  playbook,
  plugin,
  step,
  stepSpecKeys,
} from "./file.ts";
import { admit, condition, policy, policyKeys, retry, sharedActionKeys } from "./policy.ts";
import { type Keys, list, map, table, text } from "./shapes.ts";

// The loader looks at one level of a file at a time; here the same shapes are put into each other.

function described<T extends ZodType>(shape: T, id: string, description: string): T {
  return shape.meta({ id, description });
}

/** The first shape alone, or any of several. */
function anyOf(shapes: readonly ZodType[]): ZodType {
  const [first = z.never()] = shapes;
  return shapes.length === 1 ? first : z.union(shapes);
}

function actionShape(): ZodType {
  const shapes = ACTIONS.map(({ name, summary, keys }) =>
    table({ do: z.literal(name).meta({ description: summary }), ...sharedActionKeys(), ...keys }),
  );
  return described(anyOf(shapes), "action", "What happens when the rule matches");
}

function ruleShape(action: ZodType): ZodType {
  const then = anyOf([action, z.array(action).length(1)]);
  const otherwise = anyOf([action, table({ then }), z.null()]);
  const rule = anyOf([
    table({ when: condition(), then }),
    table({ else: otherwise, then: then.optional() }),
  ]);
  return described(rule, "rule", "A condition and an action; else stands last");
}

/** Keys of the spec of any task, and of the levels above it. */
function specKeys(rule: ZodType, kindKeys: Keys): Keys {
  return {
    policy: policy(rule).optional(),
    retry: retry(RETRY_KEYS).optional().meta({ description: "Tries in all, or how to try again" }),
    ...optional(kindKeys),
  };
}

function optional(keys: Keys): Keys {
  return Object.fromEntries(
    Object.entries(keys).map(([key, shape]) => [
      key,
      shape instanceof z.ZodUnknown ? shape.optional() : shape,
    ]),
  );
}

function taskShape(rule: ZodType): ZodType {
  const shapes = TASK_KINDS.map(({ name, summary, keys, specKeys: ownKeys }) =>
    table({
      kind: z.literal(name).meta({ description: summary }),
      name: text().optional().meta({ description: "Label of the task" }),
      desc: text().optional().meta({ description: "What the task is for" }),
      spec: table(specKeys(rule, ownKeys)).nullish(),
      ...optional(keys),
    }),
  );
  return described(anyOf(shapes), "task", "One task of a step");
}

function toolShape(task: ZodType): { readonly tool: ZodType; readonly tasks: ZodType } {
  const labelled = map(task).meta({ minProperties: 1, maxProperties: 1 });
  const item = described(anyOf([labelled, task]), "labelled-task", "LABEL: { kind: … }");
  const tasks = list(item).min(1);
  return { tasks, tool: anyOf([tasks, task, labelled]) };
}

/** Keys of the specs of the run, a step and a loop: whatever a task of any kind may have. */
function levelKeys(rule: ZodType): Keys {
  const kindKeys: Keys = Object.assign({}, ...TASK_KINDS.map((kind) => kind.specKeys));
  return Object.fromEntries(
    Object.entries(specKeys(rule, kindKeys)).map(([key, shape]) => [key, shape.optional()]),
  );
}

function stepShape(rule: ZodType, tool: ZodType, level: Keys): ZodType {
  const stepPolicy = table({ ...policyKeys(rule), admit: admit().optional() });
  const arcs = list(anyOf([arc(), z.string()]));
  const shape = step({
    tool,
    loop: loop(table({ ...level, ...loopSpecKeys() })),
    next: anyOf([z.string(), arcs, arc(), next(arcs)]),
    spec: table({ ...level, ...stepSpecKeys(), policy: stepPolicy.optional() }),
  });
  return described(shape, "step", "A step of the pipeline");
}

function rootShape(): ZodType {
  const rule = ruleShape(actionShape());
  const { tool, tasks } = toolShape(taskShape(rule));
  const level = levelKeys(rule);
  const steps = list(stepShape(rule, tool, level)).min(1);
  const whole = playbook({
    executor: executor(table({ ...level, ...executorSpecKeys() })),
    workflow: steps,
    plugins: list(plugin()),
  });
  return anyOf([whole, steps, tasks]);
}

/** Made once: zod takes each id once. */
const ROOT = rootShape();

const WITH_STEP = { contains: { type: "object", required: ["step"] } };
const LABELLED = { minProperties: 1, additionalProperties: { type: "object" } };
const WITH_TASK = { contains: { type: "object", anyOf: [{ required: ["kind"] }, LABELLED] } };

/**
 * Tells the forms of a file apart as the loader does. Of three shapes beside each other an editor
 * would take steps for the ones that were meant, and blame a task for having no step.
 */
function byForm([whole = {}, steps = {}, tasks = {}]: readonly object[]): object {
  const begun = { if: WITH_TASK, then: tasks, else: { anyOf: [steps, tasks] } };
  const lists = { if: WITH_STEP, then: steps, else: begun };
  return { type: ["object", "array"], if: { type: "object" }, then: whole, else: lists };
}

/** Returns the JSON Schema (draft 2020-12) of a pipeline file, for editors that check as one types. */
export function pipelineJsonSchema(): object {
  const { anyOf: forms = [], ...schema } = z.toJSONSchema(ROOT, {
    io: "input",
    target: "draft-2020-12",
  });
  return {
    ...schema,
    ...byForm(forms),
    title: "weir pipeline",
    description: "A playbook, a list of steps, or a list of tasks",
  };
}
