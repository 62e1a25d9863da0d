import { messageOf, WeirError } from "../base/errors.ts";
import { durationText } from "../base/duration.ts";
import { type Dict, FieldedText, isDict } from "../template/values.ts";
import { lentFunctions } from "./lent-functions.ts";
import type { Loop, Playbook, Rule, Step, Task } from "./model.ts";
import type { RunPorts } from "./ports.ts";
import { type Scope, within } from "./scope.ts";

/** What a run would do, as far as that is known without doing it. Field names are those of the JSON. */
export interface RunPlan {
  readonly pipeline: string;
  readonly entry: string;
  readonly steps: readonly StepPlan[];
}

/** What a step would do. */
export interface StepPlan {
  readonly step: string;
  readonly desc?: string | undefined;
  /** What its tasks are repeated for, in words. */
  readonly loop?: string | undefined;
  readonly tasks: readonly TaskPlan[];
  /** Ways on, in words. */
  readonly next: readonly string[];
}

/** What a task would do. */
export interface TaskPlan {
  readonly task: string;
  readonly kind: string;
  /** For example its first request. */
  readonly does: readonly string[];
  /** Its policy with every shorthand written out, a rule a line. */
  readonly rules: readonly string[];
}

/** A keychain that has every entry: which there are is known only when a configuration is read. */
class ShownKeychain extends Map<string, FieldedText> {
  override get(name: string): FieldedText {
    return new FieldedText(`<${name}>`, {});
  }
}

/** Returns what a run would do. Nothing is sent, read or written. */
export function planPlaybook(
  playbook: Playbook,
  workload: Dict,
  ports: Pick<RunPorts, "clock" | "random" | "journal">,
): RunPlan {
  const keychain = new ShownKeychain();
  const names = { workload, keychain, execution_id: "<run>", ctx: {}, iter: {}, args: {} };
  const scope: Scope = {
    layers: [{ ...names, _prev: null, _attempt: 1 }, workload],
    options: lentFunctions(ports, () => ""),
  };
  const steps = playbook.steps.map((step, at) => planStep(step, scope, nextOf(playbook, step, at)));
  return { pipeline: playbook.name, entry: playbook.entry, steps };
}

function planStep(step: Step, outer: Scope, next: readonly string[]): StepPlan {
  const loop = step.loop === undefined ? undefined : planLoop(step.loop, outer);
  const scope = loop === undefined ? outer : within(outer, { iter: loop.iter });
  const tasks = step.tasks.map((task) => planTask(task, scope));
  return { step: step.name, desc: step.description, loop: loop?.text, tasks, next };
}

/** In the order of the file when no step says where to go. */
function nextOf({ steps }: Playbook, { arcs }: Step, at: number): readonly string[] {
  if (steps.every((step) => step.arcs.length === 0)) {
    const following = steps[at + 1];
    return following === undefined ? [] : [following.name];
  }
  return arcs.map(({ step, when }) => (when === undefined ? step : `${step} when ${when.text}`));
}

/** Returns a loop in words, and what `iter` holds for the first of its items. */
function planLoop(loop: Loop, scope: Scope): { readonly text: string; readonly iter: Dict } {
  const { input, iterator, maxInFlight } = loop;
  const order = maxInFlight === 1 ? "one after the other" : `up to ${maxInFlight} at a time`;
  const known = attempt(() => {
    if (input.kind === "file") return { what: `lines of ${text(input.path.evaluate(scope))}` };
    if (input.kind === "result") return { what: "items of a stored result" };
    const value = input.value.evaluate(scope);
    if (typeof value === "number") return { what: `${value} numbers`, first: 0 };
    const items = Array.isArray(value) ? value : isDict(value) ? Object.entries(value) : [];
    const [first] = items;
    return { what: `${items.length} item${items.length === 1 ? "" : "s"}`, first };
  });
  const what = "failed" in known ? "items that the run gives" : known.value.what;
  const first = "failed" in known ? undefined : known.value.first;
  const iter = first === undefined ? { index: 0 } : { index: 0, [iterator]: first };
  return { text: `${what} as ${iterator}, ${order}`, iter };
}

function planTask({ label, kind, work, policy }: Task, scope: Scope): TaskPlan {
  const does = attempt(() => work.plan(scope));
  return {
    task: label,
    kind,
    does: "failed" in does ? [`depends on the run: ${does.failed}`] : does.value,
    rules: policy.rules.map((rule) => ruleText(rule, scope)),
  };
}

function ruleText(rule: Rule, scope: Scope): string {
  const when = rule.when === undefined ? "else" : `when ${rule.when.text.trim()}`;
  const sets = rule.assignments.map(({ target, names }) => `${target}.${names.join(".")}`);
  const also = sets.length === 0 ? "" : `, set ${sets.join(", ")}`;
  return `${when}: ${moveText(rule, scope)}${also}`;
}

function moveText({ action, move }: Rule, scope: Scope): string {
  const known = attempt(() => move(scope));
  if ("failed" in known) return action;
  const to = known.value;
  if (to.kind === "jump") return `jump to ${to.to}`;
  if (to.kind !== "retry") return to.kind;
  const { attempts, backoff, delayMs } = to.policy;
  const delay = durationText(delayMs);
  return `retry, ${attempts} tries, ${backoff === "none" ? `${delay} apart` : `${backoff} from ${delay}`}`;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** What depends on the run cannot be worked out here, which is no error of the plan. */
function attempt<T>(task: () => T): { readonly value: T } | { readonly failed: string } {
  try {
    return { value: task() };
  } catch (error) {
    if (error instanceof WeirError) return { failed: messageOf(error) };
    throw error;
  }
}
