import { WeirError } from "../base/errors.ts";
import type { RetryPlan } from "../exchange/ports.ts";
import type { Draft } from "../http/draft.ts";
import { errorFields, requestEvent } from "./event.ts";
import { reasonText } from "./failure.ts";
import type { HookRunner } from "./runner.ts";
import { refuseOutOfPlace } from "./verdict.ts";

/** The longest wait that a plugin may ask for: a day. */
const LONGEST_DELAY_MS = 86_400_000;

/** Lets the handlers of `pre_retry` change a wait, or keep the request from being sent again. */
export async function beforeRetry(
  runner: HookRunner,
  draft: Draft,
  plan: RetryPlan,
): Promise<{ readonly delayMs: number } | "veto" | undefined> {
  const id = runner.newId();
  const { attempt } = plan;
  let { delayMs } = plan;
  for (const hook of await runner.hooks("pre_retry")) {
    if (!hook.matches(draft.url.href)) continue;
    const event = { ...requestEvent("pre_retry", id, draft), ...retryFields(plan, delayMs) };
    const result = await runner.guarded(hook, async () => {
      const verdict = await runner.ask(hook, { event, context: { attempt } });
      if (verdict.kind === "cancel")
        return { vetoed: reasonText(verdict.reason, "without a reason") };
      if (verdict.kind !== "replace") return refuseOutOfPlace(verdict);
      const { delay_ms: given = delayMs } = verdict.raw.fields;
      return { delayMs: readDelay(given) };
    });
    if (result === undefined) continue;
    if ("vetoed" in result) {
      runner.warn(
        `Plugin ${hook.plugin.name} keeps the request from being sent again: ${result.vetoed}`,
      );
      return "veto";
    }
    if ("delayMs" in result) delayMs = result.delayMs;
  }
  return delayMs === plan.delayMs ? undefined : { delayMs };
}

function retryFields({ attempt, reason, outcome }: RetryPlan, delayMs: number) {
  const what =
    outcome instanceof WeirError ? errorFields(outcome) : { status: outcome.response.status };
  return { attempt, delay_ms: delayMs, reason, ...what };
}

function readDelay(value: unknown): number {
  if (typeof value === "number" && value >= 0 && value <= LONGEST_DELAY_MS) return value;
  throw new WeirError(
    "HOOK_FAILED",
    `it returned a delay_ms that is not a number from 0 to ${LONGEST_DELAY_MS}`,
    {
      hint: "Return { delay_ms: MILLISECONDS }, or { cancel: true, reason } to send nothing again",
    },
  );
}
