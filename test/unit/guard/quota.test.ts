import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  NO_USE,
  settleQuota,
  takeFromQuota,
  type QuotaLimits,
  type QuotaState,
} from "../../../lib/guard/quota.ts";

function take(state: QuotaState, limits: QuotaLimits, nowMs: number, id = String(nowMs)) {
  return takeFromQuota(state, limits, { nowMs, lease: { id, untilMs: nowMs + 30_000 } });
}

/** Takes at each time and returns which were allowed. */
function takeAll(limits: QuotaLimits, times: readonly number[]): readonly boolean[] {
  let state = NO_USE;
  return times.map((nowMs, at) => {
    const answer = take(state, limits, nowMs, String(at));
    state = answer.state;
    return answer.decision.verdict === "allow";
  });
}

test("takeFromQuota() without limits allows", () => {
  expect(takeAll({}, [0, 0, 0, 0])).toEqual([true, true, true, true]);
});

test("D19 takeFromQuota() stops at the requests of a minute, and goes on a minute later", () => {
  const limits = { requestsPerMinute: 2 };
  const times = [0, 1000, 2000, 59_999, 60_999, 61_000, 61_500, 62_000];
  expect(takeAll(limits, times)).toEqual([true, true, false, false, false, true, false, true]);
});

test("D19 takeFromQuota() tells how long to wait", () => {
  const limits = { requestsPerMinute: 1 };
  const { decision } = take(take(NO_USE, limits, 5000).state, limits, 15_000);
  expect(decision).toMatchObject({
    code: "POLICY_QUOTA",
    rule: "http_request.quota.requests_per_minute",
    hint: "Wait 51 seconds before the next call",
  });
});

test("D19 takeFromQuota() never allows more than the limit in any minute", () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 60 });
  fc.assert(
    fc.property(gaps, fc.integer({ min: 1, max: 5 }), (steps, limit) => {
      let now = 1_700_000_000_000;
      const times = steps.map((step) => (now += step));
      const taken = takeAll({ requestsPerMinute: limit }, times);
      const started = times.filter((_, at) => taken[at] === true);
      return started.every(
        (time) => started.filter((other) => other > time - 60_000 && other <= time).length <= limit,
      );
    }),
  );
});

test("D19 takeFromQuota() counts all requests", () => {
  expect(takeAll({ requests: 2 }, [0, 100_000, 200_000])).toEqual([true, true, false]);
});

test("D19 takeFromQuota() stops once the bytes are used up", () => {
  const limits = { capBytes: 100 };
  const first = take(NO_USE, limits, 0, "a");
  const used = settleQuota(first.state, "a", 100);
  expect(take(used, limits, 1).decision).toMatchObject({ rule: "http_request.quota.bytes" });
});

test("D19 takeFromQuota() bounds what runs at a time", () => {
  const limits = { concurrent: 1 };
  const first = take(NO_USE, limits, 0, "a");
  expect(take(first.state, limits, 1).decision).toMatchObject({
    rule: "http_request.quota.concurrent",
  });
  const settled = settleQuota(first.state, "a", 0);
  expect(take(settled, limits, 2).decision.verdict).toBe("allow");
});

test("D19 takeFromQuota() forgets a lease whose process died", () => {
  const first = take(NO_USE, { concurrent: 1 }, 0, "a");
  expect(take(first.state, { concurrent: 1 }, 30_000).decision.verdict).toBe("allow");
});

test("D19 takeFromQuota() does not count a refusal", () => {
  const first = take(NO_USE, { requests: 1 }, 0);
  expect(take(first.state, { requests: 1 }, 1).state).toBe(first.state);
});

test("D19 takeFromQuota() recovers when the clock is set back by a day", () => {
  const day = 86_400_000;
  expect(takeAll({ requestsPerMinute: 1 }, [day, 0, 1])).toEqual([true, true, false]);
});

test("the state of a quota survives JSON, and stays small", () => {
  let state = NO_USE;
  for (let at = 0; at < 500; at += 1) {
    state = settleQuota(take(state, {}, at * 900, "x").state, "x", 1);
  }
  expect(JSON.parse(JSON.stringify(state))).toEqual(state);
  expect(state.seconds.length).toBeLessThanOrEqual(61);
  expect(state).toMatchObject({ requests: 500, bytes: 500, running: [] });
});
