import { type FakeClock, hastyClock } from "../../support/fake-clock.ts";
import { type EndedTestRun, runPipeline } from "../../support/pipeline-run.ts";
import type { OpenRun } from "../../../lib/pipeline/index.ts";
import type { TaskContext, Work } from "../../../lib/pipeline/kinds/kind.ts";
import { loadPlaybook } from "../../../lib/pipeline/load.ts";
import type { Playbook } from "../../../lib/pipeline/model.ts";
import type { Outcome, OutcomeError } from "../../../lib/pipeline/outcome.ts";

/** What a hand-made task does: it returns data, or throws what `failing` makes. */
export type Doing = (context: TaskContext) => unknown;

/** What a test gives a run beside its file. */
export interface RunChanges {
  readonly workload?: Readonly<Record<string, unknown>>;
  readonly target?: string;
  /** Takes the place of the work of the tasks with this label. */
  readonly works?: Readonly<Record<string, Doing>>;
  readonly signal?: AbortSignal;
  /** Leave it out for a clock whose waits are over as soon as they begin. */
  readonly clock?: FakeClock;
  readonly redact?: (text: string) => string;
  readonly ports?: Partial<OpenRun>;
}

/** A run that is over. */
export interface EndedRun extends EndedTestRun {
  /** Waits in milliseconds, in the order they began. */
  readonly waits: readonly number[];
}

/** The error of a hand-made task. */
class Failing extends Error {
  readonly error: OutcomeError;

  constructor(error: OutcomeError) {
    super(error.message);
    this.error = error;
  }
}

/** Returns what a hand-made task throws to fail with a status, or with a kind of error. */
export function failing(status: number, more: Partial<OutcomeError> = {}): Error {
  return new Failing({
    kind: status >= 500 ? "server_error" : "client_error",
    code: `HTTP_${status}`,
    message: `It was answered with ${status}`,
    retryable: status >= 500 || status === 429,
    retry_after: null,
    ...more,
  });
}

/** Returns the work of a task that does what `doing` does. */
export function workOf(doing: Doing): Work {
  return {
    hasOwnAttempts: false,
    credentials: [],
    plan: () => [],
    async run(context): Promise<Outcome> {
      const meta = { attempt: 1, duration_ms: 0 };
      try {
        const data = await doing(context);
        const result = { status: 200, headers: {}, data };
        return { status: "ok", http: { status: 200, headers: {} }, result, error: null, meta };
      } catch (thrown) {
        if (!(thrown instanceof Failing)) throw thrown;
        const { error } = thrown;
        const status = /^HTTP_(\d+)$/.exec(error.code)?.[1];
        const http = { status: status === undefined ? null : Number(status), headers: {} };
        const result = { ...http, data: null };
        return { status: "error", http, result, error, meta };
      }
    },
  };
}

/** Reads a pipeline file whose tasks of these labels are hand-made. */
export function playbookOf(text: string, works: RunChanges["works"] = {}): Playbook {
  const playbook = loadPlaybook(text, { file: "test.yaml" });
  const steps = playbook.steps.map((step) => ({
    ...step,
    tasks: step.tasks.map((task) => {
      const doing = works[task.label];
      return doing === undefined ? task : { ...task, work: workOf(doing) };
    }),
  }));
  return { ...playbook, steps };
}

/** Runs a pipeline file to its end, with real ports. */
export async function runText(text: string, changes: RunChanges = {}): Promise<EndedRun> {
  const playbook = playbookOf(text, changes.works);
  return await runLoaded(playbook, changes);
}

/** Runs a pipeline to its end, with real ports. */
export async function runLoaded(playbook: Playbook, changes: RunChanges = {}): Promise<EndedRun> {
  const waits: number[] = [];
  const { workload = {}, target, signal, redact, ports, clock } = changes;
  const ended = await runPipeline(playbook, {
    clock: clock === undefined ? hastyClock(waits) : notingClock(waits, clock),
    inputs: { workload, target },
    ports,
    ...(signal === undefined ? {} : { signal }),
    ...(redact === undefined ? {} : { redact }),
  });
  return { ...ended, waits };
}

/** Notes waits on a clock that the test moves. */
function notingClock(waits: number[], clock: FakeClock): FakeClock {
  return {
    ...clock,
    after(delayMs, task) {
      waits.push(delayMs);
      return clock.after(delayMs, task);
    },
  };
}
