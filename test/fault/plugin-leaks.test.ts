import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { startServer } from "../support/loopback-server.ts";
import { openBench } from "../unit/hooks/support.ts";

/** Calls before memory is looked at, and between the two looks. */
const WARM = 1500;
const CALLS = 4000;

function residentMib(pid: number): number {
  const text = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s*(\d+)/m.exec(text)?.[1] ?? 0) / 1024;
}

test.skipIf(!existsSync("/proc/self/status"))(
  "thousands of hook calls, some with requests and failures, leave both processes as they were",
  async () => {
    using server = await startServer({ hits: "any", routes: { "/": { body: "x".repeat(2000) } } });
    await using bench = await openBench(
      [
        `export const plugin = { name: "busy", capabilities: ["rewrite"] };
         let count = 0;
         weir.on("pre_tool_call", async (event, ctx) => {
           count += 1;
           ctx.store.set("count", count);
           if (count % 10 === 0) await http.get("${server.url}/");
           if (count % 50 === 0) throw new Error("now and then");
           event.args.text = "y".repeat(2000);
           return event;
         });`,
      ],
      { net: [`127.0.0.1:${server.port}`] },
    );
    const run = async (count: number): Promise<void> => {
      for (let at = 0; at < count; at += 1) {
        const call = { tool: "any", args: { at } };
        await bench.hooks.tools.beforeCall(call).catch(() => undefined);
      }
    };
    await run(WARM);
    const [child = 0] = bench.hooks.pids();
    Bun.gc(true);
    const before = { child: residentMib(child), parent: residentMib(process.pid) };
    await run(CALLS);
    Bun.gc(true);
    expect(residentMib(child) - before.child).toBeLessThan(16);
    expect(residentMib(process.pid) - before.parent).toBeLessThan(48);
    expect(bench.hooks.pids()).toEqual([child]);
  },
);
