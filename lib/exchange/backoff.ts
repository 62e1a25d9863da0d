import { durationText } from "../base/duration.ts";

/** How long, and how often, a request is sent again. */
export interface RetryPolicy {
  /** Sent at most so often, the first time included. */
  readonly attempts: number;
  /** The same delay each time, n times the delay, or the delay doubled each time. */
  readonly backoff: "none" | "linear" | "exponential";
  readonly delayMs: number;
  /** No wait of the backoff is longer. */
  readonly maxDelayMs: number;
  /** Waits the whole delay, a random part of it, or its half and a random part of the other half. */
  readonly jitter: "none" | "full" | "equal";
  /** No wait may end later than this after the first attempt began. */
  readonly maxElapsedMs?: number | undefined;
  /** What a Retry-After does: it is waited for, waited for up to the maximum, or not looked at. */
  readonly retryAfter: "honour" | "cap" | "ignore";
  readonly retryAfterMaxMs: number;
}

/** What holds where nobody says otherwise: three tries, a second apart. */
export const DEFAULT_RETRY: RetryPolicy = {
  attempts: 3,
  backoff: "none",
  delayMs: 1000,
  maxDelayMs: 60_000,
  jitter: "none",
  retryAfter: "honour",
  retryAfterMaxMs: 300_000,
};

/** What is known when a wait is to be chosen. */
export interface BackoffState {
  /** Attempts made so far, from 1. */
  readonly attempt: number;
  /** Since the first attempt began, waits included. */
  readonly elapsedMs: number;
  /** What the response asks for, see readRetryAfter(). */
  readonly retryAfterMs?: number | undefined;
  /** From 0 up to, and not including, 1. */
  readonly random: number;
}

/** How long to wait before the next attempt, or why there is none. */
export type NextDelay =
  | { readonly waitMs: number }
  | { readonly refused: "attempts" | "elapsed" | "retry_after"; readonly message: string };

/**
 * Returns how long to wait before the next attempt.
 *
 * Retry-After wins over the backoff, also when it is shorter; when it asks for more than the policy
 * waits there is no next attempt, because an earlier one would be sent in vain.
 */
export function nextDelay(policy: RetryPolicy, state: BackoffState): NextDelay {
  const { attempts, maxElapsedMs, retryAfterMaxMs } = policy;
  const { attempt, elapsedMs } = state;
  if (attempt >= attempts) {
    const times = attempt === 1 ? "once" : `${attempt} times`;
    return { refused: "attempts", message: `it was sent ${times}, and not more is allowed` };
  }
  const askedMs = policy.retryAfter === "ignore" ? undefined : state.retryAfterMs;
  if (askedMs !== undefined && askedMs > retryAfterMaxMs && policy.retryAfter === "honour") {
    return {
      refused: "retry_after",
      message: `the retry-after header asks to wait ${durationText(askedMs)}, and at most ${durationText(retryAfterMaxMs)} are waited`,
    };
  }
  const waitMs =
    askedMs === undefined ? backoffMs(policy, state) : Math.min(askedMs, retryAfterMaxMs);
  if (maxElapsedMs === undefined || elapsedMs + waitMs <= maxElapsedMs) return { waitMs };
  return {
    refused: "elapsed",
    message: `waiting ${durationText(waitMs)} would pass the limit of ${durationText(maxElapsedMs)}`,
  };
}

function backoffMs(policy: RetryPolicy, { attempt, random }: BackoffState): number {
  const { backoff, delayMs, maxDelayMs, jitter } = policy;
  // Below where 2 ** n is Infinity, which would make a delay of 0 no number.
  const doubled = 2 ** Math.min(attempt - 1, 1000);
  const factor = backoff === "none" ? 1 : backoff === "linear" ? attempt : doubled;
  const wholeMs = Math.min(delayMs * factor, maxDelayMs);
  if (jitter === "none") return wholeMs;
  const fixedMs = jitter === "full" ? 0 : wholeMs / 2;
  return Math.round(fixedMs + random * (wholeMs - fixedMs));
}
