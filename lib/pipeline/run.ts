import { nearestName } from "../base/nearest.ts";
import { WeirError } from "../base/errors.ts";
import { durationText } from "../transport/errors.ts";
import type { Where } from "./events.ts";
import { failureOf, pipelineError, refusal } from "./failure.ts";
import type { Playbook, Step } from "./model.ts";
import { stopped } from "./pause.ts";
import type { RunPorts } from "./ports.ts";
import { RunState } from "./run-state.ts";
import { type StepSummary, Walker } from "./walk.ts";
import { mergeWorkload } from "./workload.ts";

/** What a run is given beside its file. */
export interface RunInputs {
  /** Merged over the workload of the file; its values win. */
  readonly workload: Readonly<Record<string, unknown>>;
  /** Step to begin at in place of the entry. */
  readonly target?: string | undefined;
}

/** What became of a run. */
export interface RunResult {
  readonly state: "done" | "failed";
  /** `output:` of the file, else a map from step to result; null when the run failed. */
  readonly output: unknown;
  /** True: a task wrote to standard output, and the file has no `output:`. */
  readonly isPrinted: boolean;
  /** PIPELINE_FAILED with what failed as its cause; CANCELLED when the run was stopped. */
  readonly error?: WeirError | undefined;
  readonly failedAt?: Where | undefined;
  readonly steps: Readonly<Record<string, StepSummary>>;
  readonly requests: number;
  readonly warnings: number;
  /** Tasks that passed after a retry, the first 1,000. */
  readonly flaky: readonly Where[];
}

/** How a run ended, before it is summed up. */
interface RunEnd {
  readonly output: unknown;
  readonly error?: WeirError | undefined;
  readonly failedAt?: Where | undefined;
}

/**
 * Runs a pipeline to its end. What goes wrong in it is in the result.
 *
 * @throws {WeirError} USAGE_BAD_VALUE when there is no step `target`; INTERNAL
 */
export async function runPlaybook(
  playbook: Playbook,
  inputs: RunInputs,
  ports: RunPorts,
): Promise<RunResult> {
  const entry = entryOf(playbook, inputs.target);
  const startedMs = ports.clock.monotonicMs();
  const deadline = new Deadline(playbook, ports);
  const workload = mergeWorkload(playbook.workload, inputs.workload);
  const run = new RunState(playbook, workload, ports, deadline.signal);
  const walker = new Walker(run);
  run.ports.emit({ event: "run_start", pipeline: playbook.name, steps: playbook.steps.length });
  for (const { message } of playbook.warnings) run.warn(message);
  let end: RunEnd;
  try {
    await ports.hooks?.announce("run_start", { name: playbook.name });
    end = await written(await endOf(walker, entry, { run, deadline }), run);
  } finally {
    deadline.stop();
  }
  const elapsedMs = Math.round(ports.clock.monotonicMs() - startedMs);
  const result = summaryOf(run, walker, end);
  await announceEnd(run, result, elapsedMs);
  return result;
}

function entryOf({ steps, entry }: Playbook, target: string | undefined): Step {
  const name = target ?? entry;
  const step = steps.find((one) => one.name === name);
  if (step !== undefined) return step;
  const names = steps.map((one) => one.name);
  const near = nearestName(name, names) ?? names[0] ?? "";
  throw new WeirError("USAGE_BAD_VALUE", `The pipeline has no step "${name}"`, {
    hint: `Give --target a step of the file, such as "${near}"`,
  });
}

async function endOf(
  walker: Walker,
  entry: Step,
  { run, deadline }: { readonly run: RunState; readonly deadline: Deadline },
): Promise<RunEnd> {
  const { redact } = run.ports;
  try {
    const failure = (await walker.walk(entry)) ?? walker.takeOutput();
    if (failure === undefined) return { output: walker.output };
    return { output: null, error: pipelineError(failure, redact), failedAt: failure.at };
  } catch (error) {
    const { at } = walker;
    if (!(error instanceof WeirError) || error.code !== "CANCELLED") throw error;
    if (!deadline.hasPassed) return { output: null, error, failedAt: at };
    const { message, hint } = error;
    return { output: null, error: pipelineError(refusal(at, message, hint), redact), failedAt: at };
  }
}

/** Sees to it that the files of the run are whole before anybody is told that it is done. */
async function written(end: RunEnd, { ports }: RunState): Promise<RunEnd> {
  try {
    await ports.outputs.close();
    return end;
  } catch (error) {
    const failure = failureOf(error, undefined);
    return end.error === undefined
      ? { output: null, error: pipelineError(failure, ports.redact) }
      : end;
  }
}

function summaryOf(run: RunState, walker: Walker, end: RunEnd): RunResult {
  return {
    ...end,
    state: end.error === undefined ? "done" : "failed",
    isPrinted: run.ports.outputs.hasPrinted && run.playbook.output === undefined,
    steps: walker.summaries(),
    requests: run.ports.requests(),
    warnings: run.warningCount,
    flaky: run.flaky,
  };
}

async function announceEnd(run: RunState, result: RunResult, elapsedMs: number): Promise<void> {
  const { state, requests, warnings, error } = result;
  const counts = { requests, warnings, flaky: run.flakyCount };
  run.ports.emit({ event: "run_end", state, duration_ms: elapsedMs, ...counts });
  await run.ports.hooks?.announce("run_end", {
    name: run.playbook.name,
    status: state,
    counts,
    elapsedMs,
    error,
  });
}

/** The longest a run may take, and the signal that ends it. */
class Deadline {
  readonly #abortion = new AbortController();
  readonly #cancel: () => void;
  readonly #signal: AbortSignal;
  readonly #follow = (): void => this.#abortion.abort(stopped(this.#signal));
  hasPassed = false;

  constructor({ maxDurationMs }: Playbook, { clock, signal }: RunPorts) {
    this.#signal = signal;
    this.#cancel =
      maxDurationMs === undefined
        ? () => undefined
        : clock.after(maxDurationMs, () => this.#pass(maxDurationMs));
    if (signal.aborted) this.#follow();
    else signal.addEventListener("abort", this.#follow, { once: true });
  }

  get signal(): AbortSignal {
    return this.#abortion.signal;
  }

  stop(): void {
    this.#cancel();
    this.#signal.removeEventListener("abort", this.#follow);
  }

  #pass(maxDurationMs: number): void {
    this.hasPassed = true;
    const message = `The run takes longer than ${durationText(maxDurationMs)}`;
    const hint = "Raise executor.spec.max_duration, or leave it out";
    this.#abortion.abort(new WeirError("CANCELLED", message, { hint }));
  }
}
