import { type HeaderList, headerValue, headerValues } from "./headers.ts";
import { parseHttpDate } from "./http-date.ts";

/** Seconds of more digits than this, some 300 years, are a mistake and not a wish. */
const SECONDS = /^\d{1,10}$/;

/**
 * Returns the milliseconds that a response asks to wait (Retry-After, RFC 9110 section 10.2.3).
 *
 * A date counts from the Date of the response, so that a clock which is wrong here or there changes
 * nothing; without one from `nowMs`. A date in the past is 0.
 *
 * @returns undefined when there is no such line, more than one, or one that cannot be read
 */
export function readRetryAfter(headers: HeaderList, nowMs: number): number | undefined {
  const [value, ...others] = headerValues(headers, "retry-after");
  if (value === undefined || others.length > 0) return undefined;
  if (SECONDS.test(value)) return Number(value) * 1000;
  const untilMs = parseHttpDate(value, nowMs);
  if (untilMs === undefined) return undefined;
  const sentMs = parseHttpDate(headerValue(headers, "date") ?? "", nowMs) ?? nowMs;
  return Math.max(0, untilMs - sentMs);
}
