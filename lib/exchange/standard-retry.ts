import type { Clock } from "../base/clock.ts";
import { ERRORS, WeirError } from "../base/errors.ts";
import type { Exchange } from "../http/exchange.ts";
import { hasHeader } from "../http/headers.ts";
import { readRetryAfter } from "../http/retry-after.ts";
import { nextDelay, type RetryPolicy } from "./backoff.ts";
import type { Made, Retry, RetryWait } from "./ports.ts";
import { maySendAgain } from "./resend.ts";

/** Statuses after which the same request may be answered otherwise. */
const TRANSIENT = new Set([408, 429, 500, 502, 503, 504]);

/** What a person is told of a retry. */
export type RetryNote =
  /** It is sent again after a wait, as attempt number `next`. */
  | {
      readonly kind: "again";
      readonly reason: string;
      readonly waitMs: number;
      readonly next: number;
    }
  /** It would be worth sending again, and is not: there is no time, or it may do its work twice. */
  | {
      readonly kind: "last";
      readonly reason: string;
      readonly because: string;
      readonly isUnsafe: boolean;
    };

/** What decides about a retry that nobody wrote rules for. */
export interface StandardRetryOptions {
  readonly policy: RetryPolicy;
  /** True: a POST that may have arrived is sent again. */
  readonly isUnsafeAllowed: boolean;
  readonly clock: Pick<Clock, "now">;
  /** Returns a number from 0 up to, and not including, 1; asked for jitter. */
  readonly random: () => number;
  /** Waited for before it goes on, so that lines stay in their order. */
  readonly note: (note: RetryNote) => void | Promise<void>;
}

/**
 * Returns the retry of a shorthand: after failures of the network, timeouts and the statuses 408, 429,
 * 500, 502, 503 and 504, unless the request may do its work twice.
 */
export function standardRetry(options: StandardRetryOptions): Retry {
  return {
    next: (made) => nextWait(options, made),
    waiting: ({ attempt }, { reason, waitMs }) =>
      options.note({ kind: "again", reason, waitMs, next: attempt + 1 }),
  };
}

async function nextWait(
  { policy, isUnsafeAllowed, clock, random, note }: StandardRetryOptions,
  { attempt, elapsedMs, draft, result }: Made,
): Promise<RetryWait | undefined> {
  const reason = transientReason(result);
  if (reason === undefined) return undefined;
  const retryAfterMs = retryAfterOf(result, clock.now());
  const delay = nextDelay(policy, { attempt, elapsedMs, retryAfterMs, random: random() });
  if ("refused" in delay) {
    if (delay.refused === "attempts") return undefined;
    await note({ kind: "last", reason, because: delay.message, isUnsafe: false });
    return undefined;
  }
  const { method, headers } = draft;
  const hasIdempotencyKey = hasHeader(headers, "idempotency-key");
  const terms = { method, hasIdempotencyKey, isExplicit: false, isUnsafeAllowed };
  const resend = maySendAgain(terms, result);
  if (resend.allowed) return { waitMs: delay.waitMs, reason };
  await note({ kind: "last", reason, because: resend.reason, isUnsafe: true });
  return undefined;
}

/** Returns what to call a result that another attempt may mend, undefined when none may. */
function transientReason(result: Exchange | WeirError): string | undefined {
  if (!(result instanceof WeirError)) {
    const { status } = result.response;
    const host = (result.hops.at(-1)?.request.url ?? result.draft.url).host;
    return TRANSIENT.has(status) ? `${status} from ${host}` : undefined;
  }
  // What a policy may allow later, it does not allow within seconds.
  const isOfWire = result.code.startsWith("NET_") || result.code.startsWith("TIMEOUT_");
  return isOfWire && ERRORS[result.code].retryable ? result.message : undefined;
}

function retryAfterOf(result: Exchange | WeirError, nowMs: number): number | undefined {
  return result instanceof WeirError ? undefined : readRetryAfter(result.response.headers, nowMs);
}
