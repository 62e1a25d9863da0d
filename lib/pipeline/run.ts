import { nearestName } from "../base/nearest.ts";
import { WeirError } from "../base/errors.ts";
import { isDict } from "../template/values.ts";
import type { Where } from "./events.ts";
import { type Failure, failureOf, pipelineError, refusal } from "./failure.ts";
import type { Arc, Playbook, Step } from "./model.ts";
import { stopped } from "./pause.ts";
import type { RunPorts } from "./ports.ts";
import { RunState } from "./run-state.ts";
import { runStep, type StepEnd } from "./step.ts";
import { mergeWorkload } from "./workload.ts";
import { wrongValue } from "./wrong-value.ts";

/** What a run is given beside its file. */
export interface RunInputs {
  /** Merged over the workload of the file; its values win. */
  readonly workload: Readonly<Record<string, unknown>>;
  /** Step to begin at in place of the entry. */
  readonly target?: string | undefined;
}

/** How often a step ran and how its last run ended. */
export interface StepSummary {
  readonly status: "ok" | "error" | "skipped";
  /** Items of its loop that were begun. */
  readonly items?: number | undefined;
  readonly failed?: number | undefined;
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

/** A step that is to run. */
interface Token {
  readonly step: Step;
  readonly args: Readonly<Record<string, unknown>>;
}

/** How a walk ended: undefined when nothing failed. */
interface Walk {
  readonly steps: Readonly<Record<string, StepSummary>>;
  readonly results: Readonly<Record<string, unknown>>;
  readonly failure: Failure | undefined;
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
  const run = new RunState(playbook, mergeWorkload(playbook.workload, inputs.workload), ports);
  const startedMs = ports.clock.monotonicMs();
  const deadline = new Deadline(playbook, ports);
  run.ports.emit({ event: "run_start", pipeline: playbook.name, steps: playbook.steps.length });
  for (const { message } of playbook.warnings) run.warn(message);
  await announce(run, "run_start", {});
  const walk = new Walker(run, deadline);
  let end: RunEnd;
  try {
    end = await endOf(walk, entry, run);
  } finally {
    deadline.stop();
  }
  const state = end.error === undefined ? "done" : "failed";
  const requests = ports.requests();
  run.ports.emit({
    event: "run_end",
    state,
    duration_ms: Math.round(ports.clock.monotonicMs() - startedMs),
    requests,
    warnings: run.warningCount,
    flaky: run.flakyCount,
  });
  await announce(run, "run_end", { status: state });
  return {
    state,
    output: end.output,
    isPrinted: run.isPrinted && playbook.output === undefined,
    error: end.error,
    failedAt: end.failedAt,
    steps: walk.summaries(),
    requests,
    warnings: run.warningCount,
    flaky: run.flaky,
  };
}
