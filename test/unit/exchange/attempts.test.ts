import { expect, test } from "bun:test";
import { noCredentials } from "../../../lib/auth/bound.ts";
import { collectBytes, utf8 } from "../../../lib/base/bytes.ts";
import { WeirError } from "../../../lib/base/errors.ts";
import { noHooks } from "../../../lib/exchange/no-hooks.ts";
import { perform } from "../../../lib/exchange/perform.ts";
import type {
  ExchangeOptions,
  HookChain,
  Made,
  Ports,
  Retry,
} from "../../../lib/exchange/ports.ts";
import { openGuard } from "../../../lib/guard/open.ts";
import { type Body, textBody } from "../../../lib/http/body.ts";
import type { Draft } from "../../../lib/http/draft.ts";
import type { Exchange } from "../../../lib/http/exchange.ts";
import { MemoryJar } from "../../../lib/session/jar.ts";
import { type FakeClock, fakeClock, hastyClock } from "../../support/fake-clock.ts";
import { draftOf } from "../../support/drafts.ts";
import { startServer } from "../../support/loopback-server.ts";
import { answerOnce, isWholeRequest, startRawServer } from "../../support/raw-server.ts";
import { eventually, failure, testTransport } from "../../support/wire.ts";

const OPTIONS: ExchangeOptions = { limits: {}, isDecoded: true };

/** What a test gives its line beside the defaults. */
interface BenchOptions extends Partial<Ports> {
  readonly options?: Partial<ExchangeOptions>;
}

/** A line with a real transport, whose waits are over as soon as they begin. */
function openBench({ options, ...own }: BenchOptions = {}) {
  const fake = fakeClock();
  const waits: number[] = [];
  const clock = hastyClock(waits, fake);
  const transport = testTransport({ keepAlive: true });
  const nothing = async (): Promise<void> => undefined;
  const ports: Ports = {
    guard: openGuard,
    hooks: noHooks,
    approve: nothing,
    record: { intent: nothing, outcome: nothing },
    quota: nothing,
    jar: new MemoryJar(),
    credentials: noCredentials,
    send: transport.send,
    clock,
    ...own,
  };
  return {
    clock: fake,
    waits,
    send: (draft: Draft) => perform(draft, ports, { ...OPTIONS, ...options }),
    [Symbol.dispose]: () => transport.close(),
  };
}

/** Sends again until `count` attempts were made, and keeps what it was asked. */
function upTo(count: number, waitMs = 10): Retry & { readonly asked: Made[] } {
  const asked: Made[] = [];
  return {
    asked,
    next(made) {
      asked.push(made);
      return Promise.resolve(made.attempt < count ? { waitMs, reason: "again" } : undefined);
    },
  };
}

async function textOf(exchange: Exchange): Promise<string> {
  return new TextDecoder().decode(await collectBytes(exchange.body.chunks));
}

test("attempts wrap the hops: request hooks run once, attempt hooks each time", async () => {
  using server = await startServer({ replies: [{ status: 503 }, { status: 503 }, { body: "ok" }] });
  const seen: string[] = [];
  const hooks: HookChain = {
    async beforeRequest(draft) {
      seen.push("pre_request");
      return draft;
    },
    async beforeAttempt(draft, attempt) {
      seen.push(`pre_attempt ${attempt}`);
      return { ...draft, headers: [...draft.headers, ["X-Attempt", String(attempt)]] };
    },
    async afterAttempt(_draft, attempt, outcome) {
      seen.push(`post_attempt ${attempt} ${"response" in outcome ? outcome.response.status : ""}`);
    },
    async beforeRetry(_draft, { attempt, delayMs }) {
      seen.push(`pre_retry ${attempt} ${delayMs}`);
      return undefined;
    },
    async afterResponse(exchange) {
      seen.push(`post_request ${exchange.attempt}`);
      return exchange;
    },
  };
  using bench = openBench({ hooks, retry: upTo(3) });
  expect(await textOf(await bench.send(draftOf(server.url)))).toBe("ok");
  expect(seen).toEqual([
    "pre_request",
    "pre_attempt 1",
    "post_attempt 1 503",
    "pre_retry 1 10",
    "pre_attempt 2",
    "post_attempt 2 503",
    "pre_retry 2 10",
    "pre_attempt 3",
    "post_attempt 3 200",
    "post_request 3",
  ]);
  // Each attempt starts from the draft of the request, not from that of the attempt before.
  expect(server.hits.map((hit) => hit.header("x-attempt"))).toEqual(["1", "2", "3"]);
});

test("the last failure is the one that is thrown, and hooks may answer it once", async () => {
  using server = await startServer({ hits: 0 });
  const failures: number[] = [];
  const hooks: HookChain = {
    ...noHooks,
    async onError(_draft, _error, attempt) {
      failures.push(attempt);
      return undefined;
    },
  };
  const port = server.port;
  server[Symbol.dispose]();
  using bench = openBench({ hooks, retry: upTo(3) });
  const error = await failure(bench.send(draftOf(`http://127.0.0.1:${port}`)));
  expect([error.code, failures, bench.waits]).toEqual(["NET_REFUSED", [3], [10, 10]]);
});

test("every attempt is admitted and recorded", async () => {
  using server = await startServer({ replies: [{ status: 503 }, {}] });
  const lines: string[] = [];
  const record: Ports["record"] = {
    intent: async ({ method }) => void lines.push(`intent ${method}`),
    outcome: async (_request, result) =>
      void lines.push("response" in result ? String(result.response.status) : result.code),
  };
  let taken = 0;
  const quota = async (): Promise<void> => void (taken += 1);
  using bench = openBench({ record, quota, retry: upTo(2) });
  await bench.send(draftOf(server.url));
  expect(lines).toEqual(["intent GET", "503", "intent GET", "200"]);
  expect(taken).toBe(2);
});

test("each attempt has the whole time anew, and no wait counts", async () => {
  const spent: (number | undefined)[] = [];
  const clock = fakeClock();
  const send: Ports["send"] = (request) => {
    spent.push(request.limits.spentMs);
    clock.advance(900);
    return Promise.reject(new WeirError("TIMEOUT_TOTAL", "Late"));
  };
  const retry = upTo(2, 5000);
  const after: FakeClock["after"] = (delayMs, task) => {
    queueMicrotask(() => clock.advance(delayMs));
    return clock.after(delayMs, task);
  };
  using bench = openBench({
    send,
    retry,
    clock: { ...clock, after },
    options: { limits: { totalTimeoutMs: 1000 } },
  });
  expect((await failure(bench.send(draftOf("http://one.test")))).code).toBe("TIMEOUT_TOTAL");
  expect(spent).toEqual([0, 0]);
  expect(retry.asked.map((made) => made.elapsedMs)).toEqual([900, 6800]);
});

test("the port may read the body it judges, and the caller still gets all of it", async () => {
  const body = "0123456789".repeat(20_000);
  using server = await startServer({ replies: [{ status: 503, body: "no" }, { body }] });
  const read: number[] = [];
  const retry: Retry = {
    async next({ result }) {
      if (result instanceof WeirError) return undefined;
      for (let time = 0; time < 2; time += 1) read.push((await textOf(result)).length);
      return result.response.status === 503 ? { waitMs: 0, reason: "503" } : undefined;
    },
  };
  using bench = openBench({ retry });
  const exchange = await bench.send(draftOf(server.url));
  expect(read).toEqual([2, 2, body.length, body.length]);
  expect(await textOf(exchange)).toBe(body);
});

test("a small response that is thrown away leaves its connection, a large one does not", async () => {
  const large = new Uint8Array(8 * 1024 * 1024);
  const script = { replies: [{ status: 503, body: "no" }, {}] };
  using server = await startServer(script);
  using bench = openBench({ retry: upTo(2) });
  await textOf(await bench.send(draftOf(server.url)));
  expect(server.connections()).toBe(1);
  server.play({ replies: [{ status: 503, body: large }, {}] });
  await textOf(await bench.send(draftOf(server.url)));
  expect(server.connections()).toBe(2);
});

test("an endless response that is thrown away does not hold up the next attempt", async () => {
  using server = await startRawServer(async (one) => {
    await one.until(isWholeRequest);
    if (one.id === 2) one.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    else one.write("HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
  });
  using bench = openBench({ retry: upTo(2) });
  expect(await textOf(await bench.send(draftOf(server.url)))).toBe("ok");
});

const PIECES = ["one", "two"];

function streamOf(replayable: boolean): Body {
  return {
    kind: "stream",
    replayable,
    open: async function* open() {
      for (const text of PIECES) yield utf8(text);
    },
  };
}

test.each([
  { name: "bytes", body: textBody("onetwo") },
  { name: "a stream that can be opened again", body: streamOf(true) },
])("a request with $name is sent again whole", async ({ body }) => {
  using server = await startServer({ replies: [{ status: 503 }, {}] });
  using bench = openBench({ retry: upTo(2) });
  await bench.send(draftOf(server.url, { method: "PUT", body }));
  expect(server.hits.map((hit) => hit.text)).toEqual(["onetwo", "onetwo"]);
});

test("a body that can be read only once is sent once, whatever the answer", async () => {
  using server = await startServer({ replies: [{ status: 503 }] });
  const retry = upTo(3);
  using bench = openBench({ retry });
  const exchange = await bench.send(draftOf(server.url, { method: "PUT", body: streamOf(false) }));
  expect([exchange.response.status, retry.asked]).toEqual([503, []]);
});

test("the failure of a body that can be read only once says why it was the only attempt", async () => {
  using server = await startRawServer(async (one) => {
    await one.until(isWholeRequest);
    one.reset();
  });
  using bench = openBench({ retry: upTo(3) });
  const sending = bench.send(draftOf(server.url, { method: "PUT", body: streamOf(false) }));
  const error = await failure(sending);
  expect(error).toMatchObject({ code: "NET_CLOSED", hint: expect.stringContaining("only once") });
  expect(server.connections).toHaveLength(1);
});

test.each(["signal", "waitSignal"])(
  "an abort of %s ends a wait at once with its own reason and leaves no timer",
  async (key) => {
    using server = await startServer({ replies: [{ status: 503 }] });
    const clock = fakeClock();
    const end = new AbortController();
    using bench = openBench({ clock, retry: upTo(2, 60_000), options: { [key]: end.signal } });
    const sending = failure(bench.send(draftOf(server.url)));
    await eventually(() => clock.pending() === 1);
    const reason = new WeirError("CANCELLED", "Enough");
    end.abort(reason);
    expect(await sending).toBe(reason);
    expect(clock.pending()).toBe(0);
  },
);

test("an abort of waitSignal leaves a request that runs alone", async () => {
  const answer = Promise.withResolvers<{ readonly body: string }>();
  using server = await startServer({ routes: { "/": () => answer.promise } });
  const end = new AbortController();
  using bench = openBench({ options: { waitSignal: end.signal } });
  const sending = bench.send(draftOf(server.url));
  await eventually(() => server.hits.length === 1);
  end.abort();
  answer.resolve({ body: "late" });
  expect((await sending).response.status).toBe(200);
});

test("what was cancelled is not asked about", async () => {
  using server = await startServer({ routes: { "/": () => new Promise(() => undefined) } });
  const end = new AbortController();
  const retry = upTo(3);
  using bench = openBench({ retry, options: { signal: end.signal } });
  const sending = failure(bench.send(draftOf(server.url)));
  await eventually(() => server.hits.length === 1);
  end.abort();
  expect([(await sending).code, retry.asked]).toEqual(["CANCELLED", []]);
});

test.each([
  { name: "changes the wait", answer: { delayMs: 77 }, waits: [77], status: 200, told: [77] },
  { name: "leaves it", answer: undefined, waits: [10], status: 200, told: [10] },
  { name: "vetoes", answer: "veto", waits: [], status: 503, told: [] },
] as const)("beforeRetry $name", async ({ answer, waits, status, told }) => {
  using server = await startServer({
    replies: status === 200 ? [{ status: 503, body: "no" }, {}] : [{ status: 503, body: "no" }],
  });
  const heard: number[] = [];
  const retry: Retry = {
    ...upTo(2),
    waiting: (_made, wait) => void heard.push(wait.waitMs),
  };
  using bench = openBench({ retry, hooks: { ...noHooks, beforeRetry: async () => answer } });
  const exchange = await bench.send(draftOf(server.url));
  expect(exchange.response.status).toBe(status);
  if (status === 503) expect(await textOf(exchange)).toBe("no");
  expect([bench.waits, heard]).toEqual([[...waits], [...told]]);
});

test("a port that throws ends the request and its response", async () => {
  using server = await startRawServer(answerOnce("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"));
  const retry: Retry = {
    next: () => Promise.reject(new WeirError("TEMPLATE_UNDEFINED", "No such value")),
  };
  using bench = openBench({ retry });
  const error = await failure(bench.send(draftOf(server.url)));
  expect(error.code).toBe("TEMPLATE_UNDEFINED");
  await server.connections[0]?.until(() => false);
});

test.each([
  { name: "the redirect leads to nobody", to: "http://127.0.0.1:1/", code: "NET_REFUSED" },
  { name: "the guard refuses the redirect", to: "ftp://127.0.0.1/", code: "REDIRECT_BAD_LOCATION" },
])("a POST that was answered with 303 did arrive, though $name", async ({ to, code }) => {
  using server = await startServer({ replies: [{ status: 303, headers: { Location: to } }] });
  using bench = openBench({ options: { maxRequests: 5 } });
  const error = await failure(
    bench.send(draftOf(server.url, { method: "POST", body: textBody("x") })),
  );
  expect(error).toMatchObject({ code, details: { arrival: "unknown" } });
});

test("a request the guard refuses was never sent", async () => {
  using bench = openBench();
  const error = await failure(bench.send(draftOf("ftp://127.0.0.1/")));
  expect(error).toMatchObject({ code: "USAGE_BAD_SCHEME", details: { arrival: "never" } });
});
