import { badPolicy } from "./bad-policy.ts";
import type { QuotaLimits } from "./quota.ts";

/** The numbers of `[http_request]` and `[http_request.quota]` as they are written. */
export interface LimitsInput {
  /** Decoded bytes of a response body. */
  readonly max_response_size?: number | undefined;
  readonly timeout_secs?: number | undefined;
  readonly connect_timeout_secs?: number | undefined;
  readonly max_timeout_secs?: number | undefined;
  readonly max_redirects?: number | undefined;
  /** MCP: bytes of a body that are shown inline. */
  readonly inline_max?: number | undefined;
  readonly quota?: QuotaInput | undefined;
}

/** The table `[http_request.quota]` as it is written. */
export interface QuotaInput {
  readonly requests_per_minute?: number | undefined;
  readonly requests?: number | undefined;
  readonly bytes?: number | undefined;
  readonly concurrent?: number | undefined;
}

/** What bounds every call. */
export interface PolicyLimits {
  readonly responseCapBytes: number;
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  /** A longer timeout asked for by a call becomes this one. */
  readonly maxTimeoutMs: number;
  readonly maxRedirects: number;
  readonly inlineCapBytes: number;
  readonly quota: QuotaLimits;
}

interface NumberRule {
  readonly min: number;
  readonly max: number;
  readonly isWhole: boolean;
}

const COUNT: NumberRule = { min: 1, max: Number.MAX_SAFE_INTEGER, isWhole: true };
/** Timers of both runtimes hold 31 bits of milliseconds. */
const SECONDS: NumberRule = { min: 0.001, max: 2_147_483, isWhole: false };
const REDIRECTS: NumberRule = { min: 0, max: 10, isWhole: true };

const DEFAULT_MAX_TIMEOUT_SECONDS = 120;

/**
 * Returns the limits with their defaults.
 *
 * @throws {WeirError} CONFIG_BAD_POLICY for a number out of its range
 */
export function readLimits(input: LimitsInput): PolicyLimits {
  const timeoutSeconds = read(input.timeout_secs, "timeout_secs", SECONDS) ?? 30;
  const connectSeconds = read(input.connect_timeout_secs, "connect_timeout_secs", SECONDS) ?? 10;
  const maxSeconds =
    read(input.max_timeout_secs, "max_timeout_secs", SECONDS) ??
    Math.max(DEFAULT_MAX_TIMEOUT_SECONDS, timeoutSeconds);
  if (timeoutSeconds > maxSeconds) {
    throw badPolicy({
      path: ["http_request", "timeout_secs"],
      entry: String(timeoutSeconds),
      problem: `is more than max_timeout_secs (${maxSeconds})`,
      hint: "Raise max_timeout_secs or lower timeout_secs",
    });
  }
  return {
    responseCapBytes: read(input.max_response_size, "max_response_size", COUNT) ?? 1_000_000,
    timeoutMs: timeoutSeconds * 1000,
    connectTimeoutMs: connectSeconds * 1000,
    maxTimeoutMs: maxSeconds * 1000,
    maxRedirects: read(input.max_redirects, "max_redirects", REDIRECTS) ?? 5,
    inlineCapBytes: read(input.inline_max, "inline_max", COUNT) ?? 24_000,
    quota: readQuota(input.quota ?? {}),
  };
}

function readQuota(input: QuotaInput): QuotaLimits {
  return {
    requestsPerMinute: read(input.requests_per_minute, "quota.requests_per_minute", COUNT),
    requests: read(input.requests, "quota.requests", COUNT),
    capBytes: read(input.bytes, "quota.bytes", COUNT),
    concurrent: read(input.concurrent, "quota.concurrent", COUNT),
  };
}

function read(
  value: number | undefined,
  key: string,
  { min, max, isWhole }: NumberRule,
): number | undefined {
  const isGood = value !== undefined && value >= min && value <= max;
  if (value === undefined || (isGood && (!isWhole || Number.isInteger(value)))) return value;
  throw badPolicy({
    path: ["http_request", ...key.split(".")],
    entry: String(value),
    problem: "is out of range",
    hint: `Write a ${isWhole ? "whole number" : "number"} from ${min} to ${max}`,
  });
}
