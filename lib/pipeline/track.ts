import { bareMap } from "./bare-map.ts";
import type { Where } from "./events.ts";
import { lentFunctions } from "./lent-functions.ts";
import type { Step } from "./model.ts";
import type { TaskResult } from "./outcome.ts";
import type { RunState } from "./run-state.ts";
import type { Scope } from "./scope.ts";

/** Names that belong to one list of tasks; templates read them as they are now. */
type TrackNames = {
  iter: Readonly<Record<string, unknown>>;
  readonly args: Readonly<Record<string, unknown>>;
  _prev: TaskResult | null;
  _task: string | null;
  _attempt: number;
};

/** What one list of tasks runs with: those of a step, or of one item of its loop. */
export interface TrackOptions {
  readonly run: RunState;
  readonly step: Step;
  readonly args: Readonly<Record<string, unknown>>;
  /** Aborts when nothing new is to be begun: no attempt, and no round of a jump. */
  readonly signal: AbortSignal;
  readonly iteration?: number | undefined;
  readonly iter?: Readonly<Record<string, unknown>> | undefined;
}

/** One list of tasks that runs: its variables, its results, its scope. */
export class Track {
  readonly run: RunState;
  readonly step: Step;
  readonly signal: AbortSignal;
  readonly iteration: number | undefined;
  readonly names: TrackNames;
  /** Results of its tasks by label. */
  readonly labels: Record<string, TaskResult> = bareMap();
  readonly scope: Scope;
  /** Attempts by label that a task made in vain before it ran again. */
  readonly failedAttempts = new Map<string, number>();
  #values = 0;

  constructor(options: TrackOptions) {
    const { run, step, signal, iteration, iter = {}, args } = options;
    this.run = run;
    this.step = step;
    this.signal = signal;
    this.iteration = iteration;
    this.names = { iter, args, _prev: null, _task: null, _attempt: 1 };
    this.scope = {
      layers: [this.names, run.names, this.labels, ...run.layers],
      options: lentFunctions(run.ports, () => this.#place()),
    };
  }

  /** Returns what tells this evaluation from all others of a run, also in a run that goes on. */
  #place(): string {
    this.#values += 1;
    const visit = this.run.visits.get(this.step.name) ?? 1;
    const parts = [this.step.name, visit, this.iteration, this.names._task, this.#values];
    return parts.map((part) => part ?? "").join("/");
  }

  /** Returns the place of a task of it. */
  at(task: string): Where & { readonly task: string } {
    return { step: this.step.name, task, iteration: this.iteration };
  }
}
