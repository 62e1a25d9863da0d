import { toWeirError } from "../../base/errors.ts";
import { failedOutcome, type Outcome, type TaskResult } from "../outcome.ts";
import { errorOf, isThrownOn } from "./outcome-error.ts";
import type { TaskContext, Work } from "./kind.ts";

/** What a task gave: its data, and fields beside it. */
export interface Given {
  readonly data: unknown;
  readonly fields?: Readonly<Record<string, unknown>> | undefined;
}

const NOTHING_SENT = { status: null, headers: {} } as const;

/**
 * Returns a work that is done in one go and leaves further attempts to the runner. What `give` throws
 * is the outcome; a bug, CANCELLED and what is wrong with a template are thrown on.
 */
export function workOnce(
  give: (context: TaskContext) => Promise<Given> | Given,
  about: Pick<Work, "plan" | "names">,
): Work {
  return {
    hasOwnAttempts: false,
    credentials: [],
    ...about,
    async run(context): Promise<Outcome> {
      const { clock } = context.ports;
      const startedMs = clock.monotonicMs();
      const meta = () => ({ attempt: 1, duration_ms: Math.round(clock.monotonicMs() - startedMs) });
      try {
        return dataOutcome(await give(context), meta());
      } catch (error) {
        const known = toWeirError(error);
        if (isThrownOn(known)) throw error;
        return failedOutcome(errorOf(known, context.ports), { status: "error", meta: meta() });
      }
    },
  };
}

function dataOutcome({ data, fields }: Given, meta: Outcome["meta"]): Outcome {
  // What a task calls its own fields must not pass for what weir puts there.
  const result: TaskResult = { ...fields, status: "ok", headers: {}, data };
  return { status: "ok", http: NOTHING_SENT, result, error: null, meta };
}
