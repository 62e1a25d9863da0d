import { expect, test } from "bun:test";
import { DEFAULT_RETRY, nextDelay, type RetryPolicy } from "../../../lib/exchange/backoff.ts";
import { noCredentials } from "../../../lib/auth/bound.ts";
import { noHooks } from "../../../lib/exchange/no-hooks.ts";
import { WeirError } from "../../../lib/base/errors.ts";
import type { Exchange } from "../../../lib/http/exchange.ts";
import { fakeClock } from "../../support/fake-clock.ts";
import type { Again, AttemptFacts } from "../../../lib/pipeline/kinds/kind.ts";
import type { Outcome } from "../../../lib/pipeline/outcome.ts";
import { startServer } from "../../support/loopback-server.ts";
import { isWholeRequest, startRawServer } from "../../support/raw-server.ts";
import { eventually } from "../../support/wire.ts";
import { httpTask, testRun } from "./http-support.ts";

/** Retries what may be retried, as the shorthand `spec.retry` does. */
function retrying(changes: Partial<RetryPolicy> = {}, isExplicit = false) {
  const policy: RetryPolicy = { ...DEFAULT_RETRY, delayMs: 0, ...changes };
  return ({ error }: Outcome, facts: AttemptFacts): Again | undefined => {
    const { attempt, elapsedMs } = facts;
    if (error?.retryable !== true || !facts.maySendAgain(isExplicit, false).allowed)
      return undefined;
    const retryAfterMs = error.retry_after === null ? undefined : error.retry_after * 1000;
    const next = nextDelay(policy, { attempt, elapsedMs, retryAfterMs, random: 0 });
    return "waitMs" in next ? { waitMs: next.waitMs, reason: error.code } : undefined;
  };
}

const RESET = "reset";

/** Starts a server that answers each connection with the next of `replies`. */
async function startFlaky(replies: readonly string[]) {
  return await startRawServer(async (one) => {
    await one.until(isWholeRequest);
    const reply = replies[one.id - 1] ?? RESET;
    if (reply === RESET) return one.reset();
    one.write(reply);
    one.end();
  });
}

const UNAVAILABLE = "HTTP/1.1 503 Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
const GOOD =
  'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{"v":1}';
const CUT =
  'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"a":';

test.each([
  { name: "503, then a reset", replies: [UNAVAILABLE, RESET, GOOD] },
  { name: "a body that is cut", replies: [CUT, GOOD] },
])("a GET is sent again after $name", async ({ replies }) => {
  using server = await startFlaky(replies);
  using run = testRun({ again: retrying() });
  const outcome = await httpTask({ url: server.url }).run(run.context);
  expect(outcome).toMatchObject({ status: "ok", result: { data: { v: 1 } } });
  expect(outcome.meta.attempt).toBe(replies.length);
  expect(server.connections).toHaveLength(replies.length);
});

test("NO33 attempts are counted from 1, recorded and told of, each with its number", async () => {
  using server = await startServer({ replies: [{ status: 503 }, { status: 500 }, { json: {} }] });
  using run = testRun({ again: retrying({ attempts: 3 }) });
  await httpTask({ url: `${server.url}/a` }).run(run.context);
  expect(run.intents.map(({ attempt, method, url }) => [attempt, method, url])).toEqual([
    [1, "GET", `${server.url}/a`],
    [2, "GET", `${server.url}/a`],
    [3, "GET", `${server.url}/a`],
  ]);
  expect(run.completions.map(({ status, error }) => [status, error])).toEqual([
    [503, "HTTP_503"],
    [500, "HTTP_500"],
    [200, undefined],
  ]);
  expect(run.events.map(({ event }) => event)).toEqual([
    "attempt",
    "retry",
    "attempt",
    "retry",
    "attempt",
  ]);
  expect(run.events.at(1)).toMatchObject({ step: "fetch", task: "call", attempt: 1, wait_ms: 0 });
  expect(run.events.at(-1)).toMatchObject({ attempt: 3, status: 200, bytes: 2 });
});

test("the last response is kept when the attempts are used up", async () => {
  using server = await startServer({ replies: [{ status: 503, body: "maintenance" }], hits: 3 });
  using run = testRun({ again: retrying({ attempts: 3 }) });
  const outcome = await httpTask({ url: server.url }).run(run.context);
  expect(outcome).toMatchObject({
    status: "error",
    result: { status: 503, data: "maintenance" },
    error: { code: "HTTP_503" },
    meta: { attempt: 3 },
  });
});

test.each([
  { name: "seconds", headers: { "Retry-After": "2" }, waits: [2000] },
  { name: "nothing", headers: {}, waits: [1000] },
  { name: "a word", headers: { "Retry-After": "soon" }, waits: [1000] },
  { name: "more than is waited", headers: { "Retry-After": "86400" }, waits: [] },
])("NO35 a 429 with $name is waited for on the clock", async ({ headers, waits }) => {
  const clock = fakeClock();
  using server = await startServer({
    replies: [{ status: 429, headers }, { json: {} }],
    hits: waits.length + 1,
  });
  const policy = {
    attempts: 4,
    backoff: "exponential",
    delayMs: 1000,
    retryAfterMaxMs: 120_000,
  } as const;
  using run = testRun({ clock, again: retrying(policy) });
  const done = httpTask({ url: server.url }).run(run.context);
  for (const wait of waits) {
    await eventually(() => run.events.some(({ event }) => event === "retry"));
    clock.advance(wait - 1);
    expect(server.hits).toHaveLength(1);
    clock.advance(1);
  }
  const { status } = await done;
  expect(status).toBe(waits.length === 0 ? "error" : "ok");
  expect(run.events.flatMap((one) => (one.event === "retry" ? [one.wait_ms] : []))).toEqual([
    ...waits,
  ]);
});

test.each([
  {
    name: "a POST that was reset is not sent again",
    method: "POST",
    reply: RESET,
    key: false,
    hits: 1,
  },
  {
    name: "a POST that was answered is not sent again",
    method: "POST",
    reply: UNAVAILABLE,
    key: false,
    hits: 1,
  },
  { name: "a POST with a key is sent again", method: "POST", reply: RESET, key: true, hits: 2 },
  { name: "a PUT is sent again", method: "PUT", reply: RESET, key: false, hits: 2 },
])("$name", async ({ method, reply, key, hits }) => {
  using server = await startFlaky([reply, GOOD]);
  using run = testRun({ again: retrying(), values: { id: "run-7" } });
  const spec = key ? { idempotency_key: "{{ id }}-1" } : {};
  await httpTask({ method, url: server.url, body: "x" }, spec).run(run.context);
  expect(server.connections).toHaveLength(hits);
  const keys = server.connections.map((one) => /idempotency-key: (.*)\r/i.exec(one.text())?.[1]);
  expect(keys).toEqual(Array(hits).fill(key ? "run-7-1" : undefined));
  expect(run.intents[0]?.idempotencyKey).toBe(key ? "run-7-1" : undefined);
});

test("an explicit rule sends a POST again that was answered, and not one that was reset", async () => {
  using server = await startFlaky([UNAVAILABLE, RESET]);
  using run = testRun({ again: retrying({ attempts: 5 }, true) });
  const outcome = await httpTask({ method: "POST", url: server.url }).run(run.context);
  expect(server.connections).toHaveLength(2);
  expect(outcome.error?.code).toBe("NET_CLOSED");
});

test("hooks after the response run once, and the outcome is of what they return", async () => {
  using server = await startServer({ replies: [{ status: 503 }, { json: { a: 1 } }] });
  let ran = 0;
  const hookChain = {
    ...noHooks,
    afterResponse: async (exchange: Exchange) => {
      ran += 1;
      return { ...exchange, response: { ...exchange.response, status: 418 } };
    },
  };
  const hooks = {
    announce: async () => undefined,
    page: async () => ({ isStopped: false }) as const,
  };
  using run = testRun({ again: retrying(), hookChain, hooks });
  const outcome = await httpTask({ url: server.url }).run(run.context);
  expect(outcome).toMatchObject({
    status: "error",
    http: { status: 418 },
    result: { data: { a: 1 } },
  });
  expect(ran).toBe(1);
});

test("a run that is stopped ends a wait, and nothing more is sent", async () => {
  using server = await startServer({ replies: [{ status: 503 }] });
  const stop = new AbortController();
  using run = testRun({
    clock: fakeClock(),
    signal: stop.signal,
    again: retrying({ delayMs: 5000 }),
  });
  const done = httpTask({ url: server.url }).run(run.context);
  await eventually(() => run.events.some(({ event }) => event === "retry"));
  stop.abort(new WeirError("CANCELLED", "stopped"));
  expect(done).rejects.toMatchObject({ code: "CANCELLED" });
  await done.catch(() => undefined);
  expect(run.completions).toHaveLength(1);
});

test("when nothing new is to be sent, a request under way ends and a wait does not", async () => {
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  using server = await startServer({
    routes: {
      "/slow": async () => {
        await answered;
        return { json: { a: 1 } };
      },
      "/flaky": { status: 503 },
    },
  });
  const quiet = new AbortController();
  using run = testRun({
    quiet: quiet.signal,
    clock: fakeClock(),
    again: retrying({ delayMs: 5000 }),
  });
  const slow = httpTask({ url: `${server.url}/slow` }).run(run.context);
  const flaky = httpTask({ url: `${server.url}/flaky` })
    .run(run.context)
    .catch((error: unknown) => error);
  await eventually(() => run.events.some(({ event }) => event === "retry"));
  quiet.abort(new WeirError("CANCELLED", "a sibling failed"));
  answer();
  expect(await slow).toMatchObject({ status: "ok", result: { data: { a: 1 } } });
  expect(await flaky).toMatchObject({ code: "CANCELLED" });
  expect(server.hits).toHaveLength(2);
  expect(
    await httpTask({ url: server.url })
      .run(run.context)
      .catch((error: unknown) => error),
  ).toMatchObject({
    code: "CANCELLED",
  });
});

test("a policy sees the body, and may send again what was answered with 200", async () => {
  const soft = { json: { ok: false, error: "rate_limited" } };
  using server = await startServer({ replies: [soft, { json: { ok: true } }] });
  const again = ({ result }: Outcome): Again | undefined =>
    Object(result.data).error === "rate_limited" ? { waitMs: 0, reason: "soft" } : undefined;
  using run = testRun({ again });
  const outcome = await httpTask({ url: server.url }).run(run.context);
  expect(outcome).toMatchObject({
    status: "ok",
    result: { data: { ok: true } },
    meta: { attempt: 2 },
  });
});

test("spec.rate holds all tasks of a host to the lowest declared rate", async () => {
  const clock = fakeClock();
  using server = await startServer({ replies: [{ json: {} }], hits: 3 });
  using run = testRun({ clock });
  const slow = { rate: { requests_per_second: 2, burst: 1 } };
  const works = [slow, { rate: { requests_per_second: 50 } }, {}].map((spec) =>
    httpTask({ url: server.url }, spec).run(run.context),
  );
  await eventually(() => server.hits.length === 1);
  clock.advance(499);
  expect(server.hits).toHaveLength(1);
  clock.advance(1);
  await eventually(() => server.hits.length === 2);
  clock.advance(500);
  expect(await Promise.all(works)).toMatchObject(Array(3).fill({ status: "ok" }));
});

test("a request that gets no credential gives its turn back", async () => {
  using server = await startServer({ replies: [{ json: {} }] });
  const failing = {
    dress: () => Promise.reject(new WeirError("SECRET_UNBOUND", "not for this host")),
  };
  const stores = [{ ...noCredentials, ...failing }, noCredentials];
  const forTask = () => stores.shift() ?? noCredentials;
  using run = testRun({ credentials: { values: {}, names: [], forTask } });
  const spec = { rate: { max_in_flight: 1 } };
  const first = await httpTask({ url: server.url }, spec).run(run.context);
  expect(first.error).toMatchObject({ kind: "policy_denied", code: "SECRET_UNBOUND" });
  expect((await httpTask({ url: server.url }, spec).run(run.context)).status).toBe("ok");
});
