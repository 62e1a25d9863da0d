import { expect, test } from "bun:test";
import { comesTrue, hasProcesses, isAlive } from "../../support/children.ts";
import { startServer } from "../../support/loopback-server.ts";
import { failureOf, openBench } from "./support.ts";

const HANGING = `export const plugin = { name: "hanging", limits: { deadline_ms: 200 }, capabilities: ["rewrite"] };
weir.on("pre_request", { pattern: "**/next" }, (event) => { event.headers.served = "1"; return event; });
weir.on("pre_request", { pattern: "**/hang" }, () => {
  Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1);
});`;

test.skipIf(!hasProcesses)(
  "a standby serves the next hook after a kill, is replaced, and no child outlives the client",
  async () => {
    using server = await startServer({ hits: "any", routes: { "/next": {} } });
    const bench = await openBench([HANGING], { hasStandby: true });
    const seen = new Set<number>();
    try {
      await bench.hooks.ready();
      for (let kill = 0; kill < 2; kill += 1) {
        expect(await comesTrue(() => bench.hooks.pids().length === 2)).toBe(true);
        const [atWork = 0, standby = 0] = bench.hooks.pids();
        for (const pid of [atWork, standby]) seen.add(pid);
        expect((await failureOf(bench.send(`${server.url}/hang`))).code).toBe("HOOK_FAILED");
        expect(await comesTrue(() => !isAlive(atWork))).toBe(true);
        await bench.send(`${server.url}/next`);
        // The one that stood by has become the one at work, and there is another behind it.
        expect(bench.hooks.pids()[0]).toBe(standby);
        expect(await comesTrue(() => bench.hooks.pids().length === 2)).toBe(true);
        expect(bench.hooks.pids()).not.toContain(atWork);
        for (const pid of bench.hooks.pids()) seen.add(pid);
      }
    } finally {
      await bench[Symbol.asyncDispose]();
    }
    expect(seen.size).toBe(4);
    expect(await comesTrue(() => ![...seen].some(isAlive))).toBe(true);
  },
);

test.skipIf(!hasProcesses)("a standby that ends by itself is missed by nobody", async () => {
  using server = await startServer({ hits: "any", routes: { "/next": {} } });
  await using bench = await openBench([HANGING], { hasStandby: true });
  await bench.hooks.ready();
  expect(await comesTrue(() => bench.hooks.pids().length === 2)).toBe(true);
  const [, standby = 0] = bench.hooks.pids();
  process.kill(standby, "SIGKILL");
  expect(await comesTrue(() => !bench.hooks.pids().includes(standby))).toBe(true);
  await bench.send(`${server.url}/next`);
  await failureOf(bench.send(`${server.url}/hang`));
  await bench.send(`${server.url}/next`);
  expect(server.hits.map((hit) => hit.header("served"))).toEqual(["1", "1"]);
});
