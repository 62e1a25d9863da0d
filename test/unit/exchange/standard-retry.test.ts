import { expect, test } from "bun:test";
import { collectBytes } from "../../../lib/base/bytes.ts";
import { WeirError } from "../../../lib/base/errors.ts";
import { createClient } from "../../../lib/client.ts";
import { DEFAULT_RETRY, type RetryPolicy } from "../../../lib/exchange/backoff.ts";
import type { Made } from "../../../lib/exchange/ports.ts";
import { type RetryNote, standardRetry } from "../../../lib/exchange/standard-retry.ts";
import { textBody } from "../../../lib/http/body.ts";
import type { Draft } from "../../../lib/http/draft.ts";
import { draftOf, exchangeOf } from "../../support/drafts.ts";
import { fakeClock, hastyClock } from "../../support/fake-clock.ts";
import { type Reply, startServer } from "../../support/loopback-server.ts";
import { isWholeRequest, startRawServer } from "../../support/raw-server.ts";
import { failure, runtime } from "../../support/wire.ts";

/** The policy of pipeline case 08. */
const POLICY: RetryPolicy = {
  attempts: 4,
  backoff: "exponential",
  delayMs: 1000,
  maxDelayMs: 30_000,
  jitter: "none",
  retryAfter: "honour",
  retryAfterMaxMs: 120_000,
};

/** A client whose waits are over as soon as they begin, and what was waited and said. */
function openBench(policy = POLICY, isUnsafeAllowed = false) {
  const fake = fakeClock();
  const waits: number[] = [];
  const clock = hastyClock(waits, fake);
  const notes: RetryNote[] = [];
  const retry = standardRetry({
    policy,
    isUnsafeAllowed,
    clock,
    random: () => 0,
    note: (note) => void notes.push(note),
  });
  const client = createClient({
    runtime: { clock, network: runtime.network },
    dial: { tls: { isVerified: true } },
    exchange: { limits: {}, isDecoded: true },
    retry,
  });
  return {
    waits,
    notes,
    send: (url: string, changes: Partial<Draft> = {}) => client.perform(draftOf(url, changes)),
    [Symbol.dispose]: () => client.close(),
  };
}

const NOW_MS = fakeClock().now();

function date(inSeconds: number): string {
  return new Date(NOW_MS + inSeconds * 1000).toUTCString();
}

function limited(headers: Readonly<Record<string, string>> = {}): Reply {
  return { status: 429, headers: { Date: date(0), ...headers } };
}

test.each([
  { name: "seconds", replies: [limited({ "Retry-After": "2" }), {}], waits: [2000], status: 200 },
  {
    name: "a date",
    replies: [limited({ "Retry-After": date(3) }), {}],
    waits: [3000],
    status: 200,
  },
  { name: "nothing", replies: [limited(), limited(), {}], waits: [1000, 2000], status: 200 },
  {
    name: "a date in the past",
    replies: [limited({ "Retry-After": date(-60) }), {}],
    waits: [0],
    status: 200,
  },
  { name: "too much", replies: [limited({ "Retry-After": "86400" })], waits: [], status: 429 },
  {
    name: "a word",
    replies: [limited({ "Retry-After": "soon" }), {}],
    waits: [1000],
    status: 200,
  },
])("NO35 a 429 that asks for $name is waited for", async ({ replies, waits, status }) => {
  using server = await startServer({ replies });
  using bench = openBench();
  const exchange = await bench.send(server.url);
  expect(exchange.response.status).toBe(status);
  expect(bench.waits).toEqual([...waits]);
});

test("NO35 a Retry-After beyond the most that is waited says the time", async () => {
  using server = await startServer({ replies: [limited({ "Retry-After": "86400" })] });
  using bench = openBench();
  await bench.send(server.url);
  expect(bench.notes).toEqual([
    {
      kind: "last",
      reason: `429 from 127.0.0.1:${server.port}`,
      because: "the retry-after header asks to wait 86400 s, and at most 120 s are waited",
      isUnsafe: false,
    },
  ]);
});

test("NO33 NO34 the server is asked three times in all, a second apart, and its last word counts", async () => {
  const down = { status: 503, body: "maintenance" };
  using server = await startServer({ replies: [down, down, { ...down, body: "still" }] });
  using bench = openBench(DEFAULT_RETRY);
  const exchange = await bench.send(server.url);
  expect([exchange.response.status, exchange.attempt]).toEqual([503, 3]);
  expect(new TextDecoder().decode(await collectBytes(exchange.body.chunks))).toBe("still");
  expect([server.hits.length, bench.waits]).toEqual([3, [1000, 1000]]);
});

/** Closes or resets the first `broken` connections after their request and answers the next one. */
function breakingServer(broken: number, how: "end" | "reset") {
  return startRawServer(async (one) => {
    await one.until(isWholeRequest);
    if (one.id <= broken) one[how]();
    else one.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
}

test.each([
  { method: "GET", how: "end", unsafe: false, sent: 2 },
  { method: "GET", how: "reset", unsafe: false, sent: 2 },
  { method: "PUT", how: "reset", unsafe: false, sent: 2 },
  { method: "POST", how: "end", unsafe: false, sent: 1 },
  { method: "POST", how: "reset", unsafe: false, sent: 1 },
  { method: "PATCH", how: "reset", unsafe: false, sent: 1 },
  { method: "POST", how: "reset", unsafe: true, sent: 2 },
] as const)(
  "RQ66 a $method whose connection is broken by $how after sending goes out $sent times (unsafe: $unsafe)",
  async ({ method, how, unsafe, sent }) => {
    using server = await breakingServer(1, how);
    using bench = openBench(POLICY, unsafe);
    const sending = bench.send(server.url, { method, body: textBody("x") });
    if (sent === 1) expect((await failure(sending)).code).toBe("NET_CLOSED");
    else expect((await sending).response.status).toBe(200);
    expect(server.connections).toHaveLength(sent);
    expect(bench.notes.map((note) => note.kind)).toEqual([sent === 1 ? "last" : "again"]);
  },
);

test("a POST with an Idempotency-Key is sent again", async () => {
  using server = await breakingServer(1, "reset");
  using bench = openBench();
  const headers = [["idempotency-key", "k"]] as const;
  await bench.send(server.url, { method: "POST", headers, body: textBody("x") });
  expect(server.connections).toHaveLength(2);
});

test("a POST that never had a connection is sent again", async () => {
  using bench = openBench({ ...POLICY, attempts: 2 });
  const sending = bench.send("http://127.0.0.1:1/", { method: "POST", body: textBody("x") });
  expect((await failure(sending)).code).toBe("NET_REFUSED");
  expect(bench.notes).toHaveLength(1);
  expect(bench.notes[0]).toMatchObject({ kind: "again", waitMs: 1000, next: 2 });
});

/** Returns what a retry makes of one result. */
async function isAgain(result: Made["result"]): Promise<boolean> {
  const options = {
    policy: POLICY,
    isUnsafeAllowed: false,
    random: () => 0,
    note: () => undefined,
  };
  const retry = standardRetry({ ...options, clock: fakeClock() });
  const made = { attempt: 1, draft: draftOf("http://one.test"), result, elapsedMs: 0 };
  return (await retry.next(made)) !== undefined;
}

test.each([
  ...[408, 429, 500, 502, 503, 504].map((status) => ({ status, want: true })),
  ...[200, 301, 304, 400, 401, 403, 404, 409, 425, 501, 505, 599].map((status) => ({
    status,
    want: false,
  })),
])("standardRetry() after $status: $want", async ({ status, want }) => {
  expect(await isAgain(exchangeOf(status))).toBe(want);
});

test.each([
  ...(["NET_DNS", "NET_REFUSED", "NET_CLOSED", "NET_PROXY", "TIMEOUT_READ"] as const).map(
    (code) => ({ code, want: true }),
  ),
  ...(["TLS_EXPIRED", "NET_PROTOCOL", "POLICY_DENIED", "POLICY_QUOTA", "HOOK_FAILED"] as const).map(
    (code) => ({ code, want: false }),
  ),
])("standardRetry() after $code: $want", async ({ code, want }) => {
  expect(await isAgain(new WeirError(code, "It failed"))).toBe(want);
});
