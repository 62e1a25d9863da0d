import { nearestName } from "../base/nearest.ts";
import { WeirError } from "../base/errors.ts";
import { durationText } from "../base/duration.ts";
import { formatSize } from "../base/sizes.ts";
import type { Where } from "./events.ts";
import { type Failure, failureOf, pipelineError, refusal } from "./failure.ts";
import { checkOpenNames } from "./load/names.ts";
import type { Playbook, Step } from "./model.ts";
import { stopped } from "./stopped.ts";
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
 * @throws {WeirError} USAGE_BAD_VALUE when there is no step `target`; PIPELINE_INVALID when a template
 *   uses a name that nothing gives; INTERNAL
 */
export async function runPlaybook(
  playbook: Playbook,
  inputs: RunInputs,
  ports: RunPorts,
): Promise<RunResult> {
  const entry = entryOf(playbook, inputs.target);
  const startedMs = ports.clock.monotonicMs();
  const workload = mergeWorkload(playbook.workload, inputs.workload);
  checkOpenNames(playbook, workload);
  const bounds = new Bounds(playbook, ports);
  const run = new RunState(playbook, workload, ports, bounds.signal);
  const walker = new Walker(run);
  let end: RunEnd;
  try {
    end = await written(await endOf(walker, entry, { run, bounds }), run);
  } finally {
    bounds.stop();
  }
  const elapsedMs = Math.round(ports.clock.monotonicMs() - startedMs);
  return await announceEnd(run, summaryOf(run, walker, end), elapsedMs);
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
  { run, bounds }: { readonly run: RunState; readonly bounds: Bounds },
): Promise<RunEnd> {
  const { redact } = run.ports;
  try {
    await begin(run);
    const failure = (await walker.walk(entry)) ?? walker.takeOutput();
    return failure === undefined ? { output: walker.output } : failedEnd(failure, redact);
  } catch (error) {
    const { at } = walker;
    if (!(error instanceof WeirError) || error.code !== "CANCELLED") {
      return failedEnd(failureOf(error, at), redact);
    }
    if (!bounds.hasPassed) return { output: null, error, failedAt: at };
    return failedEnd(refusal(at, error.message, error.hint), redact);
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

async function begin(run: RunState): Promise<void> {
  const { name, steps, source, warnings } = run.playbook;
  run.ports.emit({ event: "run_start", pipeline: name, steps: steps.length });
  for (const { message, hint, path, name: openName } of warnings) {
    // A name that only the user can give was given, or the run would not have begun.
    if (openName !== undefined) continue;
    const { line, column } = source.placeOf(path);
    run.warn(`${source.file}:${line}:${column}: ${message}. ${hint}`);
  }
  await run.ports.hooks?.announce("run_start", { name });
}

function failedEnd(failure: Failure, redact: (text: string) => string): RunEnd {
  return { output: null, error: pipelineError(failure, redact), failedAt: failure.at };
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

/** Tells of the end; a plugin that fails closed on it makes a failure of it. */
async function announceEnd(run: RunState, ended: RunResult, elapsedMs: number): Promise<RunResult> {
  const { hooks, redact, emit } = run.ports;
  const { requests, warnings } = ended;
  const counts = { requests, warnings, flaky: run.flakyCount };
  let result = ended;
  try {
    const { state: status, error } = ended;
    const { name } = run.playbook;
    await hooks?.announce("run_end", { name, status, counts, elapsedMs, error });
  } catch (error) {
    const failed = failedEnd(failureOf(error, undefined), redact);
    if (ended.error === undefined) result = { ...ended, ...failed, state: "failed" };
  }
  emit({ event: "run_end", state: result.state, duration_ms: elapsedMs, ...counts });
  return result;
}

/** The longest a run may take, the most it may receive, and the signal that ends it. */
class Bounds {
  readonly #abortion = new AbortController();
  readonly #cancel: () => void;
  readonly #signal: AbortSignal;
  readonly #follow = (): void => this.#abortion.abort(stopped(this.#signal));
  hasPassed = false;

  constructor({ maxDurationMs, maxBytes }: Playbook, { clock, signal, capBytes }: RunPorts) {
    this.#signal = signal;
    this.#cancel =
      maxDurationMs === undefined
        ? () => undefined
        : clock.after(maxDurationMs, () => this.#passTime(maxDurationMs));
    if (maxBytes !== undefined) capBytes(maxBytes, () => this.#passBytes(maxBytes));
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

  #passTime(maxDurationMs: number): void {
    const message = `The run takes longer than ${durationText(maxDurationMs)}`;
    this.#pass(message, "Raise executor.spec.max_duration, or leave it out");
  }

  #passBytes(maxBytes: number): WeirError {
    const message = `The responses of the run are larger than ${formatSize(maxBytes)} together`;
    return this.#pass(message, "Raise executor.spec.max_bytes, or leave it out");
  }

  #pass(message: string, hint: string): WeirError {
    const error = new WeirError("CANCELLED", message, { hint });
    if (!this.#abortion.signal.aborted) {
      this.hasPassed = true;
      this.#abortion.abort(error);
    }
    return error;
  }
}
