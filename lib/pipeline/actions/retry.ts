import { DEFAULT_RETRY } from "../../exchange/backoff.ts";
import { duration, flag, number, wordOrTemplate } from "../schema/shapes.ts";
import type { ActionInput, ActionKind, Move } from "./action.ts";
import { compileFields, type Fields } from "./fields.ts";

const BACKOFFS = ["none", "linear", "exponential"] as const;
const JITTERS = ["none", "full", "equal"] as const;
const RETRY_AFTERS = ["honour", "cap", "ignore"] as const;

/** Keys of `do: retry`, which `spec.retry` takes too. */
export const RETRY_KEYS = {
  attempts: number({ min: 1, max: 1000, isWhole: true }, "3").optional().meta({
    description: "Tries in all, the first one counted; 3 when not given",
  }),
  backoff: wordOrTemplate(BACKOFFS).optional().meta({
    description: "How the delay grows: none (the same each time), linear, exponential",
  }),
  delay: duration("1s").optional().meta({ description: "First delay; 1 s when not given" }),
  max_delay: duration("60s").optional().meta({ description: "Longest delay; 60 s" }),
  jitter: wordOrTemplate(JITTERS).optional().meta({
    description: "Random part of a delay: none, full or equal",
  }),
  max_elapsed: duration("5m").optional().meta({
    description: "No wait ends later than this after the first try",
  }),
  retry_after: wordOrTemplate(RETRY_AFTERS).optional().meta({
    description: "What a Retry-After does: it is honoured, capped or ignored",
  }),
  retry_after_max: duration("300s").optional().meta({
    description: "Longest Retry-After that is waited for; 300 s",
  }),
  unsafe: flag("true").optional().meta({
    description: "Also when it is not known whether the request before arrived",
  }),
};

function moveOf(fields: Fields): Move {
  const maxElapsedMs = fields.durationMs("max_elapsed");
  return {
    kind: "retry",
    isUnsafe: fields.flag("unsafe") ?? false,
    policy: {
      attempts: fields.whole("attempts", 1, 1000) ?? DEFAULT_RETRY.attempts,
      backoff: fields.word("backoff", BACKOFFS) ?? DEFAULT_RETRY.backoff,
      delayMs: fields.durationMs("delay") ?? DEFAULT_RETRY.delayMs,
      maxDelayMs: fields.durationMs("max_delay") ?? DEFAULT_RETRY.maxDelayMs,
      jitter: fields.word("jitter", JITTERS) ?? DEFAULT_RETRY.jitter,
      retryAfter: fields.word("retry_after", RETRY_AFTERS) ?? DEFAULT_RETRY.retryAfter,
      retryAfterMaxMs: fields.durationMs("retry_after_max") ?? DEFAULT_RETRY.retryAfterMaxMs,
      ...(maxElapsedMs === undefined ? {} : { maxElapsedMs }),
    },
  };
}

/** `do: retry`. */
export const retryAction: ActionKind = {
  name: "retry",
  summary: "Does the task again after a delay",
  keys: RETRY_KEYS,
  compile(input: ActionInput) {
    const fields = compileFields(input);
    if (fields.isTemplated) return (scope) => moveOf(fields.in(scope));
    // What holds no template is wrong now or never, and is made once.
    const move = moveOf(fields);
    return () => move;
  },
};
