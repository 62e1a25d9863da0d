import { describe, expect, test } from "bun:test";
import { WeirError } from "../../../lib/base/errors.ts";
import { NO_BODY } from "../../../lib/http/body.ts";
import type { HopRequest } from "../../../lib/http/exchange.ts";
import { Rates, type RateLimit } from "../../../lib/pipeline/rates.ts";
import { fakeClock } from "../../support/fake-clock.ts";
import { failure } from "../../support/wire.ts";

function request(url = "http://a.test/"): HopRequest {
  return { method: "GET", url: new URL(url), headers: [], body: NO_BODY, hop: 0 };
}

/** Lets go what can go now. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

function start(limit: RateLimit, host = "a.test") {
  const clock = fakeClock();
  const rates = new Rates(clock);
  rates.declare(host, limit);
  const gone: { readonly name: string; readonly atMs: number; readonly request: HopRequest }[] = [];
  const send = async (name: string, url?: string, signal?: AbortSignal): Promise<void> => {
    const one = request(url);
    await rates.before(one, signal);
    gone.push({ name, atMs: clock.monotonicMs(), request: one });
  };
  /** Moves on by single milliseconds. */
  const pass = async (ms: number): Promise<void> => {
    await settle();
    for (let at = 0; at < ms; at += 1) {
      clock.advance(1);
      await settle();
    }
  };
  return { clock, rates, gone, send, pass };
}

test("requests after the burst follow each other at the declared rate, in their order", async () => {
  const { gone, send, pass } = start({ requestsPerSecond: 10, burst: 2 });
  const all = Promise.all(["a", "b", "c", "d"].map((name) => send(name)));
  await pass(200);
  await all;
  expect(gone.map(({ name, atMs }) => [name, atMs])).toEqual([
    ["a", 0],
    ["b", 0],
    ["c", 100],
    ["d", 200],
  ]);
});

test("a rest gives the burst back, and no more", async () => {
  const { gone, send, pass } = start({ requestsPerSecond: 10, burst: 2 });
  await Promise.all([send("a"), send("b")]);
  await pass(10_000);
  const all = Promise.all(["c", "d", "e"].map((name) => send(name)));
  await pass(100);
  await all;
  expect(gone.map(({ atMs }) => atMs)).toEqual([0, 0, 10_000, 10_000, 10_100]);
});

test("no second has more requests than burst and rate together allow", async () => {
  const { gone, send, pass } = start({ requestsPerSecond: 5, burst: 3 });
  const all = Promise.all(Array.from({ length: 30 }, (_, at) => send(`${at}`)));
  await pass(6000);
  await all;
  const times = gone.map(({ atMs }) => atMs);
  for (const start of times) {
    const within = times.filter((at) => at >= start && at < start + 1000);
    expect(within.length).toBeLessThanOrEqual(3 + 5);
  }
  expect(gone.map(({ name }) => Number(name))).toEqual(Array.from({ length: 30 }, (_, at) => at));
});

test("the lowest declared rate counts, and another host has none", async () => {
  const { rates, gone, send, pass } = start({ requestsPerSecond: 100, burst: 1 });
  rates.declare("a.test", { requestsPerSecond: 2, burst: 5 });
  rates.declare("a.test", { requestsPerSecond: 50 });
  const all = Promise.all([send("a"), send("b"), send("x", "http://b.test/")]);
  await pass(500);
  await all;
  expect(gone.map(({ name, atMs }) => [name, atMs])).toEqual([
    ["a", 0],
    ["x", 0],
    ["b", 500],
  ]);
});

test("a port is another host", async () => {
  const { gone, send, pass } = start({ requestsPerSecond: 1 }, "a.test:8080");
  await Promise.all([send("a"), send("b")]);
  await pass(0);
  expect(gone).toHaveLength(2);
});

test("max_in_flight holds requests up until one has its answer", async () => {
  const { rates, gone, send, pass } = start({ maxInFlight: 2 });
  const all = Promise.all(["a", "b", "c", "d"].map((name) => send(name)));
  await pass(50);
  expect(gone.map(({ name }) => name)).toEqual(["a", "b"]);
  for (const { request: one } of gone.slice(0, 1)) {
    rates.after(one, 200);
    rates.after(one, 200);
  }
  await pass(1);
  expect(gone.map(({ name }) => name)).toEqual(["a", "b", "c"]);
  for (const { request: one } of gone.slice(1)) rates.after(one, null);
  await pass(1);
  await all;
  expect(gone.map(({ name }) => name)).toEqual(["a", "b", "c", "d"]);
});

describe("a 429", () => {
  async function slowed() {
    const world = start({ requestsPerSecond: 10, burst: 1 });
    await world.send("first");
    const [first] = world.gone;
    if (first !== undefined) world.rates.after(first.request, 429);
    return world;
  }

  test("halves the rate", async () => {
    const { gone, send, pass } = await slowed();
    const all = Promise.all([send("a"), send("b")]);
    await pass(400);
    await all;
    expect(gone.map(({ atMs }) => atMs)).toEqual([0, 200, 400]);
  });

  test("of several requests that were under way together halves it once", async () => {
    const { rates, gone, send, pass } = start({ requestsPerSecond: 10, burst: 4 });
    await Promise.all(["a", "b", "c", "d"].map((name) => send(name)));
    await pass(10);
    for (const { request: one } of gone) rates.after(one, 429);
    const next = send("e");
    await pass(200);
    await next;
    expect(gone.at(-1)?.atMs).toBe(210);
  });

  test("is made up for by a tenth of the rate each ten good answers", async () => {
    const { rates, gone, send, pass } = await slowed();
    const answer = async (count: number): Promise<void> => {
      for (let at = 0; at < count; at += 1) {
        const sent = send(`${at}`);
        await pass(205);
        await sent;
        const last = gone.at(-1);
        if (last !== undefined) rates.after(last.request, 200);
      }
    };
    const gap = async (): Promise<number> => {
      const both = Promise.all([send("y"), send("z")]);
      await pass(500);
      await both;
      const [before = 0, after = 0] = gone.slice(-2).map(({ atMs }) => atMs);
      return after - before;
    };
    await answer(10);
    expect(await gap()).toBe(Math.ceil(1000 / 6));
    await answer(50);
    expect(await gap()).toBe(100);
  });

  test("never stops a host", async () => {
    const { rates, gone, send, pass, clock } = start({ requestsPerSecond: 64, burst: 1 });
    for (let at = 0; at < 20; at += 1) {
      const sent = send(`${at}`);
      await pass(1001);
      await sent;
      const last = gone.at(-1);
      if (last !== undefined) rates.after(last.request, 429);
    }
    expect(gone).toHaveLength(20);
    expect(clock.monotonicMs()).toBeLessThan(21_000);
  });
});

test("a request that is stopped while it waits takes nobody's turn", async () => {
  const { gone, send, pass } = start({ requestsPerSecond: 10, burst: 1 });
  const stop = new AbortController();
  await send("a");
  const stopped = send("b", undefined, stop.signal).catch((error: unknown) => error);
  const last = send("c");
  stop.abort(new WeirError("CANCELLED", "the run is over"));
  expect(await stopped).toMatchObject({ code: "CANCELLED", message: "the run is over" });
  await pass(100);
  await last;
  expect(gone.map(({ name, atMs }) => [name, atMs])).toEqual([
    ["a", 0],
    ["c", 100],
  ]);
  expect((await failure(send("d", undefined, stop.signal))).code).toBe("CANCELLED");
});
