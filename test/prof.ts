import { openHooks } from "../lib/hooks/index.ts";
import { findPlugin } from "../lib/hooks/resolve.ts";
import { bunRuntime } from "../lib/runtime/bun.ts";
import { bunProcesses } from "../lib/runtime/bun-processes.ts";
import { ChildLink } from "../lib/hooks/link.ts";
for (let i = 0; i < 8; i++) {
  const t0 = performance.now();
  const seen: string[] = [];
  const processes = {
    ...bunProcesses,
    selfCommand: (argv: readonly string[]) => ["/tmp/empty/weir", ...argv],
    spawn(o: any) {
      const c = bunProcesses.spawn(o);
      seen.push("spawned " + (performance.now() - t0).toFixed(1));
      const out = c.output;
      async function* tap() {
        for await (const x of out) {
          seen.push("out " + x.length + " " + (performance.now() - t0).toFixed(1));
          yield x;
        }
      }
      return { ...c, output: tap() };
    },
  };
  const hooks = await openHooks({
    runtime: bunRuntime,
    plugins: [{ file: await findPlugin("/tmp/h1.js", bunRuntime) }],
    mode: "raw",
    warn: console.error,
    log: () => {},
    createClient: () => {
      throw 1;
    },
    processes,
  });
  await hooks.ready();
  seen.push("ready " + (performance.now() - t0).toFixed(1));
  await hooks.chain.beforeRequest({
    method: "GET",
    url: new URL("http://x/"),
    headers: [],
    defaults: [],
    unset: [],
    body: { kind: "none" },
  });
  seen.push("hooked " + (performance.now() - t0).toFixed(1));
  await hooks.close();
  console.log(seen.join(" | "));
}
