import { toWeirError, WeirError } from "../base/errors.ts";
import type { ResultReference } from "../results/reference.ts";
import type { Engine, Lease } from "./engine.ts";
import { type Failure, failureOf, refusal } from "./failure.ts";
import { createLocalEngine } from "./local-engine.ts";
import { type LoopItems, openItems } from "./loop-input.ts";
import { LoopResults } from "./loop-results.ts";
import type { Loop, Step } from "./model.ts";
import { stopped } from "./stopped.ts";
import type { RunState } from "./run-state.ts";
import type { OutcomeError } from "./outcome.ts";
import { runTasks, type TasksEnd } from "./tasks.ts";
import { Track } from "./track.ts";

/** Items read ahead of the lanes, at least. */
const READ_AHEAD = 16;
/** Errors of items that are listed for templates. */
const ERRORS_LISTED = 1000;

/** How a loop ended; `list` or `reference` hold the results in the order of the input. */
export interface LoopEnd {
  readonly data: { readonly list: readonly unknown[] } | { readonly reference: ResultReference };
  readonly count: number;
  readonly ok: number;
  readonly failed: number;
  readonly errors: readonly { readonly index: number; readonly error: OutcomeError }[];
  readonly failure: Failure | undefined;
}

/** What a loop runs in. */
export interface LoopContext {
  readonly run: RunState;
  readonly step: Step;
  readonly args: Readonly<Record<string, unknown>>;
  /** Told once how many items there are, undefined when that is not known. */
  readonly onOpen: (total: number | undefined) => void;
}

/**
 * Runs the tasks of a step for each item of its loop.
 *
 * @throws {WeirError} CANCELLED, or what else stopped the run; INTERNAL
 */
export async function runLoop(loop: Loop, context: LoopContext): Promise<LoopEnd> {
  const { run, step, args } = context;
  const { scope } = new Track({ run, step, args, signal: run.ports.signal });
  let input: LoopItems;
  try {
    const { ports, playbook } = run;
    input = await openItems(loop.input, { scope, ports, source: playbook.source });
  } catch (error) {
    context.onOpen(undefined);
    const failure = failureOf(error, { step: step.name });
    return { data: { list: [] }, count: 0, ok: 0, failed: 0, errors: [], failure };
  }
  context.onOpen(input.total);
  return await new LoopRun(loop, input, context).run();
}

/** One loop under way. */
class LoopRun {
  readonly #loop: Loop;
  readonly #input: LoopItems;
  readonly #context: LoopContext;
  readonly #engine: Engine<unknown, unknown>;
  readonly #results: LoopResults;
  /** One for each place in which items run side by side. */
  readonly #lanes: AbortController[] = [];
  readonly #errors: { readonly index: number; readonly error: OutcomeError }[] = [];
  #count = 0;
  #ok = 0;
  #failed = 0;
  #failure: Failure | undefined;
  #isStopping = false;
  /** What is no failure of the pipeline: a bug, or that the run was stopped. */
  #thrown: WeirError | undefined;

  constructor(loop: Loop, input: LoopItems, context: LoopContext) {
    this.#loop = loop;
    this.#input = input;
    this.#context = context;
    const { run, step } = context;
    const { clock, results } = run.ports;
    const capacity = Math.max(READ_AHEAD, loop.maxInFlight);
    this.#engine = createLocalEngine({ clock, capacity });
    this.#results = new LoopResults({ store: results, step: step.name });
  }

  async run(): Promise<LoopEnd> {
    const { signal } = this.#context.run.ports;
    const onAbort = (): void => this.#abort(stopped(signal));
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      const { maxInFlight } = this.#loop;
      const lanes = Math.min(maxInFlight, this.#input.total ?? maxInFlight);
      const running = Array.from({ length: lanes }, () => this.#runLane());
      await Promise.all([this.#feed(), ...running]);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
    if (this.#thrown !== undefined) {
      await this.#results.cancel();
      throw this.#thrown;
    }
    return await this.#finish();
  }

  /** Reads the input, as far ahead as the engine has room. */
  async #feed(): Promise<void> {
    const { step } = this.#context;
    try {
      for await (const item of this.#input.items) {
        if (this.#isStopping) break;
        await this.#engine.enqueue(item);
      }
    } catch (error) {
      this.#guard(() => this.#fail(failureOf(error, { step: step.name })));
    }
    this.#engine.end();
  }

  async #runLane(): Promise<void> {
    const lane = new AbortController();
    this.#lanes.push(lane);
    try {
      for (;;) {
        await this.#results.room();
        const lease = await this.#engine.lease();
        if (lease === undefined || this.#isStopping) return;
        await this.#runItem(lease, lane);
      }
    } catch (error) {
      this.#abort(error);
    }
  }

  async #runItem(lease: Lease<unknown>, lane: AbortController): Promise<void> {
    const { run, step, args } = this.#context;
    const iter = { index: lease.index, [this.#loop.iterator]: lease.item };
    this.#count = Math.max(this.#count, lease.index + 1);
    const iteration = lease.index;
    const track = new Track({ run, step, args, signal: lane.signal, iteration, iter });
    let end: TasksEnd;
    try {
      end = await runTasks(track);
    } catch (error) {
      // It waited for another attempt, or would have gone back, when one beside it failed.
      if (this.#isDropped(error)) return;
      throw error;
    }
    this.#record(lease.index, end);
    const { status } = end;
    await this.#engine.settle(lease, { status, result: end.data });
  }

  #isDropped(error: unknown): boolean {
    if (!this.#isStopping || this.#thrown !== undefined) return false;
    return error instanceof WeirError && error.code === "CANCELLED";
  }

  #record(index: number, end: TasksEnd): void {
    const { run, step } = this.#context;
    if (end.status === "ok") {
      this.#ok += 1;
      this.#results.put(index, end.data);
    } else {
      this.#failed += 1;
      this.#results.put(index, null);
      this.#recordFailure(index, end.failure);
    }
    run.ports.emit({
      event: "item_done",
      step: step.name,
      iteration: index,
      status: end.status,
      done: this.#ok + this.#failed,
      failed: this.#failed,
      total: this.#input.total,
    });
  }

  #recordFailure(index: number, failure: Failure): void {
    const { onError, threshold } = this.#loop;
    if (this.#errors.length < ERRORS_LISTED) this.#errors.push({ index, error: failure.error });
    if (onError === "fail") return this.#fail(failure);
    if (threshold === undefined || !("count" in threshold)) return;
    if (this.#failed <= threshold.count) return;
    this.#fail(this.#tooMany(`${threshold.count}`));
  }

  #tooMany(allowed: string): Failure {
    const { step } = this.#context;
    const listed = this.#errors.at(-1);
    const why = listed === undefined ? "" : `; one of them: ${listed.error.message}`;
    return refusal(
      { step: step.name },
      `${this.#failed} items failed, and at most ${allowed} may${why}`,
      "Raise the threshold of the loop, or look at the first error with on_error: fail",
    );
  }

  /** Begins nothing new; what is under way finishes, what waits for another attempt is dropped. */
  #fail(failure: Failure): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#failure = failure;
    this.#engine.close();
    const reason = new WeirError("CANCELLED", "Another item of the loop failed");
    for (const lane of this.#lanes) lane.abort(reason);
  }

  /** Ends all that is under way. */
  #abort(error: unknown): void {
    const reason = toWeirError(error);
    this.#thrown ??= reason;
    this.#isStopping = true;
    this.#engine.close();
    for (const lane of this.#lanes) lane.abort(reason);
  }

  /** A bug in the input ends the loop as one in a task does. */
  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#abort(error);
    }
  }

  async #finish(): Promise<LoopEnd> {
    const { run, step } = this.#context;
    const [count, ok, failed] = [this.#count, this.#ok, this.#failed];
    const errors = this.#errors.sort((left, right) => left.index - right.index);
    let failure = this.#failure ?? this.#overShare();
    let data: LoopEnd["data"] = { list: [] };
    try {
      data = await this.#results.finish(count);
    } catch (error) {
      failure ??= failureOf(error, { step: step.name });
    }
    if (failure === undefined && failed > 0) {
      run.warn(`${failed} of ${count} items of step "${step.name}" failed`, { step: step.name });
    }
    return { data, count, ok, failed, errors, failure };
  }

  #overShare(): Failure | undefined {
    const { threshold } = this.#loop;
    if (threshold === undefined || !("share" in threshold)) return undefined;
    if (this.#failed <= threshold.share * this.#count) return undefined;
    return this.#tooMany(`${Math.round(threshold.share * 10_000) / 100}% of ${this.#count}`);
  }
}
