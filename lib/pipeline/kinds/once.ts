import { toWeirError } from "../../base/errors.ts";
import { dataOutcome, failedOutcome } from "../failure.ts";
import type { Outcome } from "../outcome.ts";
import type { TaskContext, Work } from "./kind.ts";

/** What a task gave: its data, and fields beside it. */
export interface Given {
  readonly data: unknown;
  readonly fields?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Returns a work that is done in one go and leaves further attempts to the runner. What `give` throws
 * is the outcome; a bug and CANCELLED are thrown on.
 */
export function workOnce(
  give: (context: TaskContext) => Promise<Given> | Given,
  plan: Work["plan"],
): Work {
  return {
    hasOwnAttempts: false,
    credentials: [],
    plan,
    async run(context): Promise<Outcome> {
      const { clock } = context.ports;
      const startedMs = clock.monotonicMs();
      const meta = () => ({ attempt: 1, duration_ms: clock.monotonicMs() - startedMs });
      try {
        const { data, fields } = await give(context);
        return dataOutcome(data, meta(), fields);
      } catch (error) {
        const known = toWeirError(error);
        if (known.code === "INTERNAL" || known.code === "CANCELLED") throw error;
        return failedOutcome(known, meta());
      }
    },
  };
}
