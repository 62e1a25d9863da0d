import type { Denial } from "./deny.ts";

/** What a policy lets through in all. Undefined means no limit. */
export interface QuotaLimits {
  /** Requests started in any 60 seconds. */
  readonly requestsPerMinute?: number | undefined;
  readonly requests?: number | undefined;
  /** Bytes of response bodies. A response that crosses the limit is the last one. */
  readonly capBytes?: number | undefined;
  /** Requests running at the same time. */
  readonly concurrent?: number | undefined;
}

/** A request that runs. */
export interface QuotaLease {
  readonly id: string;
  /** When the lease lapses, for the case that its process died. Milliseconds since the epoch. */
  readonly untilMs: number;
}

/** What has been used; plain JSON data. */
export interface QuotaState {
  readonly requests: number;
  readonly bytes: number;
  readonly running: readonly QuotaLease[];
  /** Requests started in each of the last seconds: `[second since the epoch, count]`. */
  readonly seconds: readonly (readonly [second: number, count: number])[];
}

/** The answer to a request for a piece of the quota. */
export interface QuotaAnswer {
  /** State to keep; the same object when the request was refused. */
  readonly state: QuotaState;
  readonly decision: { readonly verdict: "allow"; readonly rule: string } | Denial;
}

/** What a request wants of the quota. */
export interface QuotaRequest {
  readonly nowMs: number;
  /** Undefined for a request within a call that runs: it is counted, but takes no place of its own. */
  readonly lease: QuotaLease | undefined;
}

/** The state before the first request. */
export const NO_USE: QuotaState = { requests: 0, bytes: 0, running: [], seconds: [] };

const WINDOW_SECONDS = 60;

/**
 * Takes one request from the quota.
 *
 * The minute is a sliding window of whole seconds, counted in the stricter way: never more than the
 * limit in any 60 seconds, and a full window opens at most a second late.
 */
export function takeFromQuota(
  state: QuotaState,
  limits: QuotaLimits,
  { nowMs, lease }: QuotaRequest,
): QuotaAnswer {
  const second = Math.floor(nowMs / 1000);
  const running = state.running.filter((other) => other.untilMs > nowMs);
  const seconds = state.seconds.filter(([other]) => Math.abs(second - other) <= WINDOW_SECONDS);
  const current = { ...state, running, seconds };
  const bounds = lease === undefined ? { ...limits, concurrent: undefined } : limits;
  const denial = judgeUse(current, bounds, second);
  if (denial !== undefined) return { state, decision: denial };
  const next: QuotaState = {
    requests: state.requests + 1,
    bytes: state.bytes,
    running: lease === undefined ? running : [...running, lease],
    seconds: addTo(seconds, second),
  };
  return { state: next, decision: { verdict: "allow", rule: "http_request.quota" } };
}

/** Gives the lease back, and books the bytes that were received. */
export function settleQuota(state: QuotaState, leaseId: string, receivedBytes: number): QuotaState {
  return {
    ...state,
    bytes: state.bytes + receivedBytes,
    running: state.running.filter((lease) => lease.id !== leaseId),
  };
}

function addTo(seconds: QuotaState["seconds"], second: number): QuotaState["seconds"] {
  const count = seconds.find(([other]) => other === second)?.[1] ?? 0;
  return [...seconds.filter(([other]) => other !== second), [second, count + 1]];
}

function judgeUse(state: QuotaState, limits: QuotaLimits, second: number): Denial | undefined {
  if (state.requests >= (limits.requests ?? Infinity)) {
    return used("requests", "The number of requests is used up", ASK_OPERATOR);
  }
  if (state.bytes >= (limits.capBytes ?? Infinity)) {
    return used("bytes", "The number of bytes is used up", ASK_OPERATOR);
  }
  if (state.running.length >= (limits.concurrent ?? Infinity)) {
    const hint = "Wait until a running call is done";
    return used("concurrent", "Too many requests are running", hint);
  }
  const started = state.seconds.reduce((sum, [, count]) => sum + count, 0);
  if (started < (limits.requestsPerMinute ?? Infinity)) return undefined;
  const oldest = Math.min(...state.seconds.map(([other]) => other), second);
  const waitSeconds = oldest + WINDOW_SECONDS + 1 - second;
  const hint = `Wait ${waitSeconds} seconds before the next call`;
  return used("requests_per_minute", "Too many requests in the last minute", hint);
}

const ASK_OPERATOR = "No further call will succeed; ask the operator for more";

function used(key: string, reason: string, hint: string): Denial {
  return {
    verdict: "deny",
    code: "POLICY_QUOTA",
    rule: `http_request.quota.${key}`,
    reason,
    hint,
  };
}
