import { expect, test } from "bun:test";
import { DEFAULT_RETRY, nextDelay, type RetryPolicy } from "../../../lib/exchange/backoff.ts";

/** Returns the waits after attempt 1, 2, … until there is no next one. */
function waits(policy: Partial<RetryPolicy>, random = 0.5): number[] {
  const whole = { ...DEFAULT_RETRY, ...policy };
  const found: number[] = [];
  for (let attempt = 1; ; attempt += 1) {
    const delay = nextDelay(whole, { attempt, elapsedMs: 0, random });
    if ("refused" in delay) return found;
    found.push(delay.waitMs);
  }
}

test("NO34 nobody says anything: three tries, the same second between them", () => {
  expect(DEFAULT_RETRY).toMatchObject({ attempts: 3, backoff: "none", delayMs: 1000 });
  expect(waits({})).toEqual([1000, 1000]);
});

test.each<{ name: string; policy: Partial<RetryPolicy>; random?: number; want: number[] }>([
  { name: "none is constant", policy: { attempts: 4 }, want: [1000, 1000, 1000] },
  {
    name: "linear is n times the delay",
    policy: { attempts: 5, backoff: "linear", delayMs: 2000 },
    want: [2000, 4000, 6000, 8000],
  },
  {
    name: "exponential doubles",
    policy: { attempts: 5, backoff: "exponential", delayMs: 2000 },
    want: [2000, 4000, 8000, 16_000],
  },
  {
    name: "no wait is above the cap",
    policy: { attempts: 5, backoff: "exponential", delayMs: 20_000, maxDelayMs: 60_000 },
    want: [20_000, 40_000, 60_000, 60_000],
  },
  { name: "one try is no retry", policy: { attempts: 1 }, want: [] },
  {
    name: "no delay stays none",
    policy: { attempts: 3, backoff: "exponential", delayMs: 0 },
    want: [0, 0],
  },
  {
    name: "full jitter is a part of the wait",
    policy: { backoff: "exponential", jitter: "full" },
    random: 0.25,
    want: [250, 500],
  },
  {
    name: "equal jitter is half of it and a part of the other half",
    policy: { backoff: "exponential", jitter: "equal" },
    random: 0.25,
    want: [625, 1250],
  },
  { name: "jitter reaches down to 0", policy: { jitter: "full" }, random: 0, want: [0, 0] },
  {
    name: "equal jitter stays below the whole",
    policy: { jitter: "equal" },
    random: 0.9999,
    want: [1000, 1000],
  },
])("NO33 NO35 nextDelay(): $name", ({ policy, random, want }) => {
  expect(waits(policy, random)).toEqual(want);
});

test("NO35 nextDelay() does not run out of numbers", () => {
  const policy: RetryPolicy = { ...DEFAULT_RETRY, attempts: 1e6, backoff: "exponential" };
  const state = { attempt: 500_000, elapsedMs: 0, random: 0 };
  expect(nextDelay(policy, state)).toEqual({ waitMs: 60_000 });
  expect(nextDelay({ ...policy, delayMs: 0 }, state)).toEqual({ waitMs: 0 });
});

test.each<{ name: string; policy: Partial<RetryPolicy>; retryAfterMs: number; want: unknown }>([
  {
    name: "a longer wait than the backoff",
    policy: {},
    retryAfterMs: 5000,
    want: { waitMs: 5000 },
  },
  {
    name: "a shorter one",
    policy: { delayMs: 30_000 },
    retryAfterMs: 2000,
    want: { waitMs: 2000 },
  },
  { name: "0, at once", policy: {}, retryAfterMs: 0, want: { waitMs: 0 } },
  {
    name: "more than the cap of the backoff",
    policy: { maxDelayMs: 10_000 },
    retryAfterMs: 100_000,
    want: { waitMs: 100_000 },
  },
  {
    name: "as much as is waited",
    policy: { retryAfterMaxMs: 120_000 },
    retryAfterMs: 120_000,
    want: { waitMs: 120_000 },
  },
  {
    name: "more than is waited",
    policy: { retryAfterMaxMs: 120_000 },
    retryAfterMs: 86_400_000,
    want: { refused: "retry_after", message: expect.stringContaining("86400 s") },
  },
  {
    name: "more than is waited, capped",
    policy: { retryAfter: "cap", retryAfterMaxMs: 120_000 },
    retryAfterMs: 86_400_000,
    want: { waitMs: 120_000 },
  },
  {
    name: "what is not looked at",
    policy: { retryAfter: "ignore" },
    retryAfterMs: 86_400_000,
    want: { waitMs: 1000 },
  },
  {
    name: "it without jitter",
    policy: { jitter: "full" },
    retryAfterMs: 5000,
    want: { waitMs: 5000 },
  },
])("NO35 nextDelay(), Retry-After asks for $name", ({ policy, retryAfterMs, want }) => {
  const state = { attempt: 1, elapsedMs: 0, retryAfterMs, random: 0.5 };
  const delay: unknown = nextDelay({ ...DEFAULT_RETRY, ...policy }, state);
  expect(delay).toEqual(want);
});

test.each([
  { name: "just fits", elapsedMs: 4000, want: { waitMs: 1000 } },
  {
    name: "does not fit",
    elapsedMs: 4001,
    want: { refused: "elapsed", message: expect.stringContaining("5 s") },
  },
])("nextDelay() refuses a wait that ends too late: it $name", ({ elapsedMs, want }) => {
  const policy = { ...DEFAULT_RETRY, maxElapsedMs: 5000 };
  const delay: unknown = nextDelay(policy, { attempt: 1, elapsedMs, random: 0 });
  expect(delay).toEqual(want);
});

test("NO33 attempts are total tries", () => {
  const policy = { ...DEFAULT_RETRY, attempts: 5 };
  expect(nextDelay(policy, { attempt: 4, elapsedMs: 0, random: 0 })).toEqual({ waitMs: 1000 });
  expect(nextDelay(policy, { attempt: 5, elapsedMs: 0, random: 0 })).toMatchObject({
    refused: "attempts",
  });
});
