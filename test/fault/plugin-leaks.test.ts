import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { type ServerScript, startServer } from "../support/loopback-server.ts";
import { openBench } from "../unit/hooks/support.ts";

/** Calls whose memory is looked at; WEIR_CALLS=100000 shows the numbers, and takes a minute or two. */
const CALLS = Number(process.env["WEIR_CALLS"] ?? 4000);
const WARM = Math.max(1500, CALLS / 10);
const LOOKS = 10;

function residentMib(pid: number): number {
  const text = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s*(\d+)/m.exec(text)?.[1] ?? 0) / 1024;
}

test.skipIf(!existsSync("/proc/self/status"))(
  "thousands of hook calls, some with requests and failures, leave both processes as they were",
  async () => {
    const script: ServerScript = { hits: "any", routes: { "/": { body: "x".repeat(2000) } } };
    using server = await startServer(script);
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
    const sizes: { readonly child: number; readonly parent: number }[] = [];
    for (let look = 0; look <= LOOKS; look += 1) {
      if (look > 0) await run(CALLS / LOOKS);
      // The server of the test remembers its requests, in this process too.
      server.play(script);
      Bun.gc(true);
      sizes.push({ child: residentMib(child), parent: residentMib(process.pid) });
    }
    const grownBy = (who: "child" | "parent"): number =>
      (sizes.at(-1)?.[who] ?? Infinity) - (sizes[0]?.[who] ?? 0);
    if (process.env["WEIR_CALLS"] !== undefined) {
      const rows = sizes.map((size) => `${size.child.toFixed(0)}/${size.parent.toFixed(0)}`);
      console.log(`MiB of child/parent over ${CALLS} calls: ${rows.join(" ")}`);
    }
    expect(grownBy("child")).toBeLessThan(16);
    expect(grownBy("parent")).toBeLessThan(48);
    expect(bench.hooks.pids()).toEqual([child]);
  },
  Math.max(60_000, CALLS * 5),
);
