import type { RunEvent, Where } from "../../../lib/pipeline/events.ts";

/** What one step came to so far. */
export interface StepTally {
  readonly step: string;
  status: "running" | "ok" | "error";
  items: number | undefined;
  failed: number | undefined;
  durationMs: number | undefined;
}

/** Warnings kept for a report; a loop may give one for each of a million items. */
const MOST_WARNINGS = 1000;

/** Counts what happens in a run. */
export class RunTally {
  requests = 0;
  retries = 0;
  itemsDone = 0;
  warningCount = 0;
  flakyCount = 0;
  readonly warnings: string[] = [];
  readonly flaky: Where[] = [];
  readonly #steps = new Map<string, StepTally>();

  /** Steps in the order they first ran; one that ran again counts as it last did. */
  get steps(): readonly StepTally[] {
    return [...this.#steps.values()];
  }

  /** Takes one event; called for each item of a loop, so it makes nothing. */
  take(event: RunEvent): void {
    switch (event.event) {
      case "attempt":
        this.requests += 1;
        return;
      case "item_done":
        this.itemsDone += 1;
        return;
      case "retry":
        this.retries += 1;
        return;
      case "step_start":
        this.#begin(event.step);
        return;
      case "step_end":
        this.#end(event);
        return;
      case "task_done":
        if (event.is_flaky === true) this.#noteFlaky(event);
        return;
      case "warning":
        this.warningCount += 1;
        if (this.warnings.length < MOST_WARNINGS) this.warnings.push(event.message);
        return;
      case "page_done":
      case "run_start":
      case "run_end":
        return;
    }
  }

  #begin(step: string): void {
    this.#steps.set(step, {
      step,
      status: "running",
      items: undefined,
      failed: undefined,
      durationMs: undefined,
    });
  }

  #end(event: RunEvent & { readonly event: "step_end" }): void {
    const tally = this.#steps.get(event.step);
    if (tally === undefined) return;
    tally.status = event.status;
    tally.items = event.items;
    tally.failed = event.failed;
    tally.durationMs = event.duration_ms;
  }

  #noteFlaky({ step, task, iteration, page }: Where): void {
    if (this.flaky.length < MOST_WARNINGS) this.flaky.push({ step, task, iteration, page });
    this.flakyCount += 1;
  }
}
