import { type Failure, failureOf } from "./failure.ts";
import { type LoopEnd, runLoop } from "./loop.ts";
import type { Loop, Step } from "./model.ts";
import type { RunState } from "./run-state.ts";
import { fieldsOf } from "./task.ts";
import { runTasks } from "./tasks.ts";
import { Track } from "./track.ts";

/** What became of one run of a step. */
export interface StepEnd {
  /** "skipped": its admission did not let it run. */
  readonly status: "ok" | "error" | "skipped";
  /** What templates see under its name. */
  readonly value: Readonly<Record<string, unknown>>;
  /** What it hands on, and the output of the run holds. */
  readonly result: unknown;
  readonly items?: number | undefined;
  readonly failed?: number | undefined;
  readonly failure?: Failure | undefined;
}

/** What a step is run with. */
export interface StepContext {
  readonly run: RunState;
  readonly args: Readonly<Record<string, unknown>>;
}

/**
 * Runs a step once: admission, then its tasks, or its loop.
 *
 * @throws {WeirError} CANCELLED, or what else stopped the run; INTERNAL
 */
export async function runStep(step: Step, context: StepContext): Promise<StepEnd> {
  const { run, args } = context;
  const { ports } = run;
  const startedMs = ports.clock.monotonicMs();
  const admission = admit(step, run, args);
  if (admission === "skipped") {
    return { status: "skipped", value: { status: "skipped", data: null }, result: null };
  }
  await announceStart(step, run);
  const end =
    admission === "run" ? await runBody(step, context) : notAdmitted(step, admission, run);
  run.steps[step.name] = end.value;
  await ports.results.endStep(step.name);
  await announceEnd(step, end, { run, startedMs });
  return end;
}

async function announceStart(step: Step, { ports }: RunState): Promise<void> {
  await ports.hooks?.announce("step_start", { step: step.name });
}

async function announceEnd(
  step: Step,
  { status, items, failed, failure }: StepEnd,
  { run, startedMs }: { readonly run: RunState; readonly startedMs: number },
): Promise<void> {
  const { clock, emit, hooks, redact } = run.ports;
  const elapsedMs = Math.round(clock.monotonicMs() - startedMs);
  const counts = items === undefined ? {} : { items, failed: failed ?? 0 };
  const ended = status === "ok" ? "ok" : "error";
  emit({ event: "step_end", step: step.name, status: ended, duration_ms: elapsedMs, ...counts });
  if (hooks === undefined) return;
  const { code = "", message = "" } = failure?.error ?? {};
  const error = failure === undefined ? undefined : { code, message: redact(message) };
  await hooks.announce("step_end", { step: step.name, status: ended, counts, elapsedMs, error });
}

/** The first rule that matches says whether a step runs; without rules it does. */
function admit(
  step: Step,
  run: RunState,
  args: Readonly<Record<string, unknown>>,
): "run" | "skipped" | Failure {
  const scope = run.scope({ args, iter: {}, _prev: null });
  try {
    const rule = step.admit.find(({ when }) => when?.test(scope) !== false);
    return rule?.isAllowed === false ? "skipped" : "run";
  } catch (error) {
    return failureOf(error, { step: step.name });
  }
}

function notAdmitted(step: Step, failure: Failure, { ports }: RunState): StepEnd {
  ports.emit({ event: "step_start", step: step.name });
  return failedStep(failure);
}

async function runBody(step: Step, context: StepContext): Promise<StepEnd> {
  const { run, args } = context;
  const { signal } = run.ports;
  if (step.loop !== undefined) return await runLoopStep(step, step.loop, context);
  run.ports.emit({ event: "step_start", step: step.name });
  const track = new Track({ run, step, args, signal });
  const end = await runTasks(track);
  Object.assign(run.labels, track.labels);
  if (end.status === "error") return failedStep(end.failure, end.data);
  const { _prev: last } = track.names;
  const ref = last?.["__ref__"];
  const stored = ref === undefined ? {} : { __ref__: ref };
  const fields = last === null ? {} : fieldsOf(last);
  const value = { ...fields, ...stored, status: "ok", data: end.data };
  return { status: "ok", value, result: end.data };
}

async function runLoopStep(step: Step, loop: Loop, context: StepContext): Promise<StepEnd> {
  const { emit } = context.run.ports;
  const onOpen = (items: number | undefined): void => {
    emit({ event: "step_start", step: step.name, ...(items === undefined ? {} : { items }) });
  };
  const end = await runLoop(loop, { ...context, step, onOpen });
  const { count, failed, failure } = end;
  const status = failure === undefined ? "ok" : "error";
  const { value, result } = loopValue(end, status);
  return { status, value, result, items: count, failed, failure };
}

/** Results that were written to a file are named, not loaded. */
function loopValue(
  { data, count, ok, failed, errors, failure }: LoopEnd,
  status: "ok" | "error",
): Pick<StepEnd, "value" | "result"> {
  const counts = { count, ok, failed };
  const error = failure === undefined ? {} : { error: failure.error };
  if ("list" in data) {
    return {
      value: { status, data: data.list, ...counts, errors, ...error },
      result: data.list,
    };
  }
  const { ref } = data.reference;
  return {
    value: { status, data: null, __ref__: ref, ...counts, errors, ...error },
    result: { __ref__: ref, ...counts },
  };
}

function failedStep(failure: Failure, data: unknown = null): StepEnd {
  const { error } = failure;
  return { status: "error", value: { status: "error", data, error }, result: data, failure };
}
