import { isDict } from "../template/values.ts";
import type { Where } from "./events.ts";
import { type Failure, failureOf, refusal } from "./failure.ts";
import type { Arc, Step } from "./model.ts";
import { stopped } from "./stopped.ts";
import type { RunState } from "./run-state.ts";
import type { Scope } from "./scope.ts";
import { templateTypeError } from "./setting.ts";
import { runStep, type StepEnd } from "./step.ts";

/** How the last run of a step ended. */
export interface StepSummary {
  readonly status: "ok" | "error" | "skipped";
  /** Items of its loop that were begun. */
  readonly items?: number | undefined;
  readonly failed?: number | undefined;
}

/** A step that is to run. */
interface Token {
  readonly step: Step;
  readonly args: Readonly<Record<string, unknown>>;
}

type Args = Token["args"];

/** Where it goes on, or why that cannot be said. */
type Next = { readonly tokens: readonly Token[] } | { readonly broken: Failure };

const NOWHERE: Next = { tokens: [] };

/** Goes from step to step. One runs at a time: those that several arcs lead to wait in their order. */
export class Walker {
  readonly #run: RunState;
  readonly #summaries = new Map<string, StepSummary>();
  readonly #results = new Map<string, unknown>();
  /** True: no step says where to go, so that they run in the order of the file. */
  readonly #isInOrder: boolean;
  /** The step that runs, or ran last. */
  at: Where | undefined;
  /** What the run gives, once `takeOutput` took it. */
  output: unknown = null;

  constructor(run: RunState) {
    this.#run = run;
    this.#isInOrder = run.playbook.steps.every(({ arcs }) => arcs.length === 0);
  }

  /**
   * Runs `entry` and what follows from it; returns what failed and was not taken by an arc.
   *
   * @throws {WeirError} CANCELLED, INTERNAL
   */
  async walk(entry: Step): Promise<Failure | undefined> {
    const waiting: Token[] = [{ step: entry, args: {} }];
    for (let token = waiting.shift(); token !== undefined; token = waiting.shift()) {
      const { signal } = this.#run.ports;
      if (signal.aborted) throw stopped(signal);
      const { step, args } = token;
      this.at = { step: step.name };
      const refused = this.#visit(step);
      if (refused !== undefined) return refused;
      const end = await runStep(step, { run: this.#run, args });
      this.#record(step, end);
      const next = this.#next(step, end, args);
      if ("broken" in next) return next.broken;
      if (end.failure !== undefined && next.tokens.length === 0) return end.failure;
      waiting.push(...next.tokens);
    }
    return undefined;
  }

  /** Returns the last end of each step that was reached. */
  summaries(): Readonly<Record<string, StepSummary>> {
    return Object.fromEntries(this.#summaries);
  }

  /** Takes `output:` of the file, or else a map from step to result; returns why it could not. */
  takeOutput(): Failure | undefined {
    const { output } = this.#run.playbook;
    try {
      this.output =
        output === undefined
          ? Object.fromEntries(this.#results)
          : output.evaluate(this.#run.scope({ args: {}, iter: {}, _prev: null }));
      return undefined;
    } catch (error) {
      return failureOf(error, undefined);
    }
  }

  #visit({ name, maxIterations }: Step): Failure | undefined {
    const visits = (this.#run.visits.get(name) ?? 0) + 1;
    this.#run.visits.set(name, visits);
    if (visits <= maxIterations) return undefined;
    return refusal(
      { step: name },
      `It was reached more than ${maxIterations} times`,
      "Let a condition of its arcs end the circle, or raise spec.max_iterations of the step",
    );
  }

  #record({ name }: Step, { status, items, failed, result }: StepEnd): void {
    const counts = { ...(items === undefined ? {} : { items }), ...(failed ? { failed } : {}) };
    this.#summaries.set(name, { status, ...counts });
    if (status !== "skipped") this.#results.set(name, result);
  }

  #next(step: Step, end: StepEnd, args: Args): Next {
    if (this.#isInOrder) return end.failure === undefined ? this.#following(step) : NOWHERE;
    // What was not let in leads nowhere.
    if (end.status === "skipped") return NOWHERE;
    const event = eventOf(step, end);
    const scope = this.#run.scope({ event, args, iter: {}, _prev: null });
    try {
      const taken = step.arcs.filter(matching(scope, end.failure !== undefined));
      const arcs = step.mode === "exclusive" ? taken.slice(0, 1) : taken;
      return { tokens: arcs.map((arc) => this.#token(arc, scope)) };
    } catch (error) {
      return { broken: failureOf(error, { step: step.name }) };
    }
  }

  #following(step: Step): Next {
    const { steps } = this.#run.playbook;
    const next = steps[steps.indexOf(step) + 1];
    return next === undefined ? NOWHERE : { tokens: [{ step: next, args: {} }] };
  }

  #token(arc: Arc, scope: Scope): Token {
    const { steps, source } = this.#run.playbook;
    const step = steps.find(({ name }) => name === arc.step);
    if (step === undefined) throw new Error(`There is no step "${arc.step}"`);
    if (arc.args === undefined) return { step, args: {} };
    const args = arc.args.evaluate(scope);
    if (isDict(args) && !(args instanceof Map)) {
      // A dictionary that is no Map is a plain object.
      return { step, args: args as Args };
    }
    throw templateTypeError(source, arc.args.path, {
      message: "The args of an arc are no map",
      hint: "Write args as name: value",
    });
  }
}

/** After a failure only those arcs count that ask what happened. */
function matching(scope: Scope, hasFailed: boolean): (arc: Arc) => boolean {
  return ({ when }) => {
    if (hasFailed && when?.names.some(({ name }) => name === "event") !== true) return false;
    return when === undefined || when.test(scope);
  };
}

function eventOf(step: Step, end: StepEnd): Readonly<Record<string, unknown>> {
  const done = step.loop === undefined ? "step.done" : "loop.done";
  return {
    name: end.failure === undefined ? done : "step.failed",
    step: step.name,
    status: end.status,
    error: end.failure?.error ?? null,
    result: end.result,
  };
}
