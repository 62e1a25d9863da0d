import { reasonText } from "./failure.ts";
import type { HookRunner } from "./runner.ts";

/** Events of a pipeline that plugins only observe. */
export type RunEvent = "run_start" | "step_start" | "step_end" | "run_end";

/** What plugins are told about a run; never a body. */
export interface RunFacts {
  /** Name of the pipeline. */
  readonly name?: string | undefined;
  /** The step, which is what a pattern is held against; left out for the run itself. */
  readonly step?: string | undefined;
  readonly task?: string | undefined;
  /** How it ended. */
  readonly status?: string | undefined;
  /** For example of items, requests and failures. */
  readonly counts?: Readonly<Record<string, number>> | undefined;
  readonly elapsedMs?: number | undefined;
  /** Message and code of what it failed with. */
  readonly error?: { readonly message: string; readonly code: string } | undefined;
}

/** What plugins are told about a page. */
export interface PageFacts {
  readonly step: string;
  readonly task: string;
  /** From 1. */
  readonly page: number;
  /** That of its request, before it was dressed; what a pattern is held against. */
  readonly url: string;
  readonly status: number;
  readonly counts?: Readonly<Record<string, number>> | undefined;
}

/** What became of the question whether the next page is to be asked for. */
export type PageAnswer =
  | { readonly isStopped: false }
  | { readonly isStopped: true; readonly by: string; readonly reason: string };

/** The hooks around the steps and pages of a pipeline. */
export interface RunHooks {
  /** Tells the handlers of an event. Their failures are warnings unless the manifest says otherwise. */
  announce(event: RunEvent, facts: RunFacts): Promise<void>;
  /** Tells the handlers of `page` in their order, and asks them; the first one that stops counts. */
  page(facts: PageFacts): Promise<PageAnswer>;
}

/** Returns the run hooks of the plugins of `runner`. */
export function createRunHooks(runner: HookRunner): RunHooks {
  return {
    async announce(event, { elapsedMs, error, ...facts }) {
      const failure = error === undefined ? {} : { error: error.message, error_code: error.code };
      const fields = { run_id: runner.runId, ...facts, elapsed_ms: elapsedMs, ...failure };
      await runner.announce(event, fields, facts.step ?? "");
    },
    async page(facts) {
      const id = runner.newId();
      const event = { type: "page", id, run_id: runner.runId, ...facts };
      for (const hook of await runner.hooks("page")) {
        if (!hook.matches(facts.url)) continue;
        const verdict = await runner.guarded(hook, () => runner.ask(hook, { event, context: {} }));
        if (verdict?.kind !== "stop") continue;
        return {
          isStopped: true,
          by: hook.plugin.name,
          reason: reasonText(verdict.reason, "without a reason"),
        };
      }
      return { isStopped: false };
    },
  };
}
