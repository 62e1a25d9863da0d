import { WeirError } from "../base/errors.ts";
import { type Failure, refusal } from "./failure.ts";
import { stopped } from "./stopped.ts";
import { runTask } from "./task.ts";
import type { Track } from "./track.ts";

/** How a list of tasks ended; `data` is that of the last task that ran. */
export type TasksEnd =
  | { readonly status: "ok"; readonly data: unknown }
  | { readonly status: "error"; readonly data: unknown; readonly failure: Failure };

/**
 * Runs tasks one after another, as their policies lead.
 *
 * @throws {WeirError} CANCELLED, or what else stopped the run; INTERNAL
 */
export async function runTasks(track: Track): Promise<TasksEnd> {
  const { tasks, maxIterations } = track.step;
  let data: unknown = null;
  let jumps = 0;
  for (let at = 0; ;) {
    const task = tasks[at];
    if (task === undefined) return { status: "ok", data };
    const { next, data: given } = await runTask(task, track);
    data = given;
    if (next.kind === "break") return { status: "ok", data };
    if (next.kind === "fail") return { status: "error", data, failure: next.failure };
    if (next.kind !== "jump") {
      at += 1;
      continue;
    }
    jumps += 1;
    if (jumps > maxIterations) {
      return { status: "error", data, failure: tooManyJumps(track, task.label) };
    }
    at = jumpTo(next.to, track);
  }
}

function jumpTo(label: string, { step, signal, failedAttempts }: Track): number {
  if (signal.aborted) throw stopped(signal);
  failedAttempts.delete(label);
  const at = step.tasks.findIndex((task) => task.label === label);
  if (at === -1) {
    throw new WeirError("INTERNAL", `Step "${step.name}" has no task "${label}"`);
  }
  return at;
}

function tooManyJumps(track: Track, label: string): Failure {
  const { maxIterations } = track.step;
  return refusal(
    track.at(label),
    `It jumped more than ${maxIterations} times`,
    `Let a rule end it with "do: break", or raise spec.max_iterations of the step`,
  );
}
