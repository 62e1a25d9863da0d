import { expect, test } from "bun:test";
import type { Retry } from "../../../lib/exchange/ports.ts";
import { startServer } from "../../support/loopback-server.ts";
import { failureOf, openBench } from "./support.ts";

/** Sends again after every 503, four times at most; keeps the waits it was told of. */
function onUnavailable(waitMs = 1): Retry & { readonly waits: number[] } {
  const waits: number[] = [];
  return {
    waits,
    async next({ attempt, result }) {
      const isDown = "response" in result ? result.response.status === 503 : true;
      return isDown && attempt < 4 ? { waitMs, reason: "503 from the host" } : undefined;
    },
    waiting: (_made, wait) => void waits.push(wait.waitMs),
  };
}

const DOWN = { status: 503, body: "down" };
const DOWN_ANSWER = { status: 503, text: "down" };

test("CR29 post_request runs once, pre_attempt and post_attempt each time, with ctx.attempt", async () => {
  using server = await startServer({ replies: [DOWN, DOWN, { body: "up" }] });
  await using bench = await openBench(
    [
      `for (const name of ["pre_request", "pre_attempt", "post_attempt", "pre_retry", "post_request", "error"]) {
         weir.on(name, (event, ctx) => { log.info(event.type, ctx.attempt, event.status ?? "-"); });
       }`,
    ],
    { retry: onUnavailable() },
  );
  expect((await bench.send(server.url)).text).toBe("up");
  expect(bench.logs).toEqual([
    "p0 info pre_request 1 -",
    "p0 info pre_attempt 1 -",
    "p0 info post_attempt 1 503",
    "p0 info pre_retry 1 503",
    "p0 info pre_attempt 2 -",
    "p0 info post_attempt 2 503",
    "p0 info pre_retry 2 503",
    "p0 info pre_attempt 3 -",
    "p0 info post_attempt 3 200",
    "p0 info post_request 3 200",
  ]);
});

test("an error handler is asked once, after the last attempt", async () => {
  await using bench = await openBench(
    [`weir.on("error", (event, ctx) => { log.info(event.error_code, ctx.attempt); });`],
    { retry: onUnavailable() },
  );
  const failed = await failureOf(bench.send("http://127.0.0.1:1/"));
  expect([failed.code, bench.logs]).toEqual(["NET_REFUSED", ["p0 info NET_REFUSED 4"]]);
});

test("pre_retry shows the wait, its reason and what came, and no body", async () => {
  using server = await startServer({ replies: [DOWN, {}] });
  await using bench = await openBench(
    [
      `weir.on("pre_retry", ({ id, headers, headers_all, ...event }) => { log.info(oq.json(event)); });`,
    ],
    { retry: onUnavailable() },
  );
  await bench.send(server.url);
  expect(JSON.parse(bench.logs[0]?.replace("p0 info ", "") ?? "")).toEqual({
    type: "pre_retry",
    method: "GET",
    url: `${server.url}/`,
    attempt: 1,
    delay_ms: 1,
    reason: "503 from the host",
    status: 503,
  });
});

test("pre_retry shows the failure when no response came", async () => {
  await using bench = await openBench(
    [
      `weir.on("pre_retry", (event) => { log.info(event.error_code, "status" in event); return { cancel: true }; });`,
    ],
    { retry: onUnavailable() },
  );
  await failureOf(bench.send("http://127.0.0.1:1/"));
  expect(bench.logs).toEqual(["p0 info NET_REFUSED false"]);
});

test.each([
  { name: "delay_ms alone", code: `() => ({ delay_ms: 3 })`, waits: [3] },
  {
    name: "the changed event",
    code: `(event) => { event.delay_ms += 1; return event; }`,
    waits: [2],
  },
  { name: "the event as it is", code: `(event) => event`, waits: [1] },
  { name: "nothing", code: `(event) => { event.delay_ms = 9; }`, waits: [1] },
  { name: "no wait at all", code: `() => ({ delay_ms: 0 })`, waits: [0] },
])(
  "pre_retry changes the wait by returning $name, without a capability",
  async ({ code, waits }) => {
    using server = await startServer({ replies: [DOWN, {}] });
    const retry = onUnavailable();
    await using bench = await openBench(
      [`export const plugin = { name: "waiter" }; weir.on("pre_retry", ${code});`],
      { retry },
    );
    expect((await bench.send(server.url)).status).toBe(200);
    expect(retry.waits).toEqual([...waits]);
  },
);

test("CR25 each pre_retry handler sees the wait the one before it chose", async () => {
  using server = await startServer({ replies: [DOWN, {}] });
  const retry = onUnavailable();
  const double = `weir.on("pre_retry", ({ delay_ms }) => ({ delay_ms: delay_ms * 3 }));`;
  await using bench = await openBench([double, double], { retry });
  await bench.send(server.url);
  expect(retry.waits).toEqual([9]);
});

test("pre_retry vetoes by cancel: the response stands, and a warning says who and why", async () => {
  using server = await startServer({ replies: [DOWN] });
  await using bench = await openBench(
    [
      `export const plugin = { name: "brake" };
       weir.on("pre_retry", () => ({ cancel: true, reason: "budget is spent" }));`,
    ],
    { retry: onUnavailable() },
  );
  expect(await bench.send(server.url)).toMatchObject(DOWN_ANSWER);
  expect(bench.warnings).toEqual([
    "Plugin brake keeps the request from being sent again: budget is spent",
  ]);
});

test.each([
  { name: "a negative wait", code: `() => ({ delay_ms: -1 })` },
  { name: "more than a day", code: `() => ({ delay_ms: 86400001 })` },
  { name: "no number", code: `() => ({ delay_ms: "1" })` },
  { name: "infinity", code: `() => ({ delay_ms: Infinity })` },
  { name: "a response", code: `() => ({ respond: { status: 200 } })` },
  { name: "an error", code: `() => { throw new Error("no"); }` },
  { name: "a misspelled cancel", code: `() => ({ cancle: true })` },
])("pre_retry fails closed on $name", async ({ code }) => {
  using server = await startServer({ replies: [DOWN] });
  await using bench = await openBench([`weir.on("pre_retry", ${code});`], {
    retry: onUnavailable(),
  });
  const failed = await failureOf(bench.send(server.url));
  expect(failed.code).toBe("HOOK_FAILED");
  expect(failed.message).toStartWith("Plugin p0 failed in pre_retry");
});

test("pre_retry with another pattern is not asked", async () => {
  using server = await startServer({ replies: [DOWN, {}] });
  await using bench = await openBench(
    [`weir.on("pre_retry", { pattern: "https://**" }, () => ({ cancel: true }));`],
    { retry: onUnavailable() },
  );
  expect((await bench.send(server.url)).status).toBe(200);
});
