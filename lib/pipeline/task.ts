import { WeirError } from "../base/errors.ts";
import { pause } from "../base/pause.ts";
import type { Where } from "./events.ts";
import { type Failure, failureOf, refusal } from "./failure.ts";
import { Judge, type Verdict } from "./judge.ts";
import type { TaskContext, Work } from "./kinds/kind.ts";
import type { Task } from "./model.ts";
import { failedOutcome, type Outcome, type OutcomeError, type TaskResult } from "./outcome.ts";
import { stopped } from "./stopped.ts";
import type { Track } from "./track.ts";

/** Where the tasks go after one of them, and what it gave. */
export interface TaskEnd {
  /** What it hands on: its data, or where that is stored. */
  readonly data: unknown;
  readonly next:
    | { readonly kind: "continue" }
    | { readonly kind: "break" }
    | { readonly kind: "jump"; readonly to: string }
    | { readonly kind: "fail"; readonly failure: Failure };
}

/**
 * Runs one task with all its attempts, and asks its policy what follows.
 *
 * @throws {WeirError} CANCELLED, or what else stopped the run; INTERNAL
 */
export async function runTask(task: Task, track: Track): Promise<TaskEnd> {
  const { names, run, signal } = track;
  const { signal: hardStop } = run.ports;
  if (hardStop.aborted) throw stopped(hardStop);
  const at = track.at(task.label);
  const judge = new Judge(task, track, at);
  names._task = task.label;
  names._attempt = 1;
  const context: TaskContext = {
    ports: run.ports,
    at,
    scope: track.scope,
    signal,
    again: (outcome, facts) => judge.again(outcome, facts),
    afterPage: (outcome) => judge.afterPage(outcome),
  };
  const startedMs = run.ports.clock.monotonicMs();
  const { outcome, thrown } = await outcomeOf(task, context);
  const { error } = outcome;
  if (hardStop.aborted) throw stopped(hardStop);
  if (error?.kind === "cancelled") throw new WeirError("CANCELLED", error.message);
  const verdict = await judge.settle(outcome);
  names._prev = outcome.result;
  track.labels[task.label] = outcome.result;
  const next = nextOf(verdict, outcome, { at, thrown });
  const isFlaky = judge.hasRetried && outcome.status === "ok";
  if (isFlaky) run.addFlaky(at);
  report(track, { task, at, outcome, verdict, next, isFlaky, startedMs });
  return { data: handedOn(outcome.result), next };
}

/** A stored body is not loaded: its reference stands for it, with the fields that were selected. */
function handedOn(result: TaskResult): unknown {
  const { data, __ref__: ref } = result;
  return data !== null || typeof ref !== "string" ? data : { __ref__: ref, ...fieldsOf(result) };
}

/** Returns what `select` and `set` added to a result. */
export function fieldsOf(result: TaskResult): Readonly<Record<string, unknown>> {
  const { status: _, headers: _headers, data: _data, ref: _ref, ...others } = result;
  const { __ref__: _name, __preview__: _preview, ...fields } = others;
  return fields;
}

interface Ended {
  readonly task: Task;
  readonly at: Where;
  readonly outcome: Outcome;
  readonly verdict: Verdict;
  readonly next: TaskEnd["next"];
  readonly isFlaky: boolean;
  readonly startedMs: number;
}

function report({ run }: Track, ended: Ended): void {
  const { task, at, outcome, verdict, next, isFlaky, startedMs } = ended;
  const { clock, emit, redact } = run.ports;
  const error = next.kind === "fail" ? next.failure.error : outcome.error;
  emit({
    event: "task_done",
    ...at,
    attempt: outcome.meta.attempt,
    kind: task.kind,
    status: next.kind === "fail" ? "error" : outcome.status,
    action: next.kind,
    ...(verdict.kind === "broken" || verdict.rule === undefined ? {} : { rule: verdict.rule }),
    ...(error === null ? {} : { error: shown(error, redact) }),
    duration_ms: Math.round(clock.monotonicMs() - startedMs),
    ...(isFlaky ? { is_flaky: true } : {}),
  });
}

function shown(
  { kind, code, message }: OutcomeError,
  redact: (text: string) => string,
): { readonly kind: string; readonly code: string; readonly message: string } {
  return { kind, code, message: redact(message) };
}

interface TaskOutcome {
  readonly outcome: Outcome;
  readonly thrown?: Failure | undefined;
}

/** What a kind throws is an outcome too; a template's error knows its place in the file. */
async function outcomeOf(task: Task, context: TaskContext): Promise<TaskOutcome> {
  const { work } = task;
  try {
    return { outcome: await (work.hasOwnAttempts ? work.run(context) : attempts(work, context)) };
  } catch (error) {
    const { signal } = context.ports;
    if (signal.aborted) throw stopped(signal);
    const thrown = failureOf(error, context.at);
    const meta = { attempt: 1, duration_ms: 0 };
    return { outcome: failedOutcome(thrown.error, { status: "error", meta }), thrown };
  }
}

/** The attempts of a kind that makes none itself. */
async function attempts(work: Work, context: TaskContext): Promise<Outcome> {
  const { ports, at, signal } = context;
  const startedMs = ports.clock.monotonicMs();
  for (let attempt = 1; ; attempt += 1) {
    const outcome = numbered(await work.run(context), attempt);
    const again = await context.again(outcome, {
      attempt,
      elapsedMs: ports.clock.monotonicMs() - startedMs,
      maySendAgain: () => ({ allowed: true }),
    });
    if (again === undefined) return outcome;
    const { waitMs, reason } = again;
    ports.emit({ event: "retry", ...at, attempt, wait_ms: waitMs, reason });
    await pause(waitMs, ports.clock, signal, stopped);
  }
}

function numbered(outcome: Outcome, attempt: number): Outcome {
  return attempt === 1 ? outcome : { ...outcome, meta: { ...outcome.meta, attempt } };
}

function nextOf(
  verdict: Verdict,
  outcome: Outcome,
  { at, thrown }: { readonly at: Where; readonly thrown: Failure | undefined },
): TaskEnd["next"] {
  if (verdict.kind === "broken") return { kind: "fail", failure: thrown ?? verdict.failure };
  if (verdict.kind === "jump") return { kind: "jump", to: verdict.to };
  // Attempts are over when a policy is asked what follows.
  if (verdict.kind !== "fail" && verdict.kind !== "retry") return { kind: verdict.kind };
  const message = verdict.kind === "fail" ? verdict.message : undefined;
  return { kind: "fail", failure: failed(outcome, message, { at, thrown }, verdict.rule) };
}

function failed(
  outcome: Outcome,
  message: string | undefined,
  { at, thrown }: { readonly at: Where; readonly thrown: Failure | undefined },
  rule: number | undefined,
): Failure {
  const { error, http, meta } = outcome;
  if (error === null) {
    return refusal(at, message ?? `Rule ${rule ?? 0} of its policy ended the pipeline`);
  }
  const times = meta.attempt > 1 ? ` (after ${meta.attempt} attempts)` : "";
  const { pages } = meta;
  return {
    at: { ...at, ...(typeof pages === "number" ? { page: pages } : {}), attempt: meta.attempt },
    error: { ...error, message: message ?? `${error.message}${times}` },
    cause: thrown?.cause,
    status: http.status ?? undefined,
  };
}
