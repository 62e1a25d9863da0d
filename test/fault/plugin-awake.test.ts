import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Pace } from "../../lib/runtime/awake.ts";
import { libraryPath } from "../../lib/runtime/bun-awake.ts";
import {
  allTicksOf,
  childrenOf,
  comesTrue,
  endProcess,
  hasProcesses,
  isAlive,
} from "../support/children.ts";
import { startServer } from "../support/loopback-server.ts";
import { isolatedBinary } from "../support/targets.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { openBench } from "../unit/hooks/support.ts";

// While hooks come one upon the other, weir and its sandbox wait for each other without sleep. They
// must let go as soon as nothing comes, end as ever, and lose nothing.

const PLUGIN = `export const plugin = { name: "quick", capabilities: ["rewrite"] };
weir.on("pre_tool_call", (event) => ({ ...event, args: { at: event.args.at + 1 } }));`;

/** Milliseconds in which nothing comes, and hundredths of a second that two processes may use. */
const QUIET_MS = 1000;
const QUIET_TICKS = 15;

test.skipIf(!hasProcesses)("after many quick hooks both processes sleep", async () => {
  await using bench = await openBench([PLUGIN]);
  const call = async (at: number): Promise<void> => {
    const { args } = await bench.hooks.tools.beforeCall({ tool: "any", args: { at } });
    expect(args).toEqual({ at: at + 1 });
  };
  for (let round = 0; round < 3; round += 1) {
    for (let at = 0; at < 500; at += 1) await call(at);
    const [child = 0] = bench.hooks.pids();
    Bun.gc(true);
    const before = allTicksOf(child) + allTicksOf(process.pid);
    await Bun.sleep(QUIET_MS);
    expect(allTicksOf(child) + allTicksOf(process.pid) - before).toBeLessThan(QUIET_TICKS);
  }
});

test("many hooks at once come back each with its own answer", async () => {
  await using bench = await openBench([PLUGIN]);
  for (let round = 0; round < 20; round += 1) {
    const calls = Array.from({ length: 32 }, (_, at) =>
      bench.hooks.tools.beforeCall({ tool: "any", args: { at } }),
    );
    const args = (await Promise.all(calls)).map((call) => call.args);
    expect(args).toEqual(Array.from({ length: 32 }, (_, at) => ({ at: at + 1 })));
  }
});

test.skipIf(!hasProcesses)(
  "a child in the middle of many hooks ends with a parent that is killed",
  async () => {
    using folder = temporaryFolder();
    using server = await startServer({ hits: "any", routes: { "/": { json: {} } } });
    writeFileSync(
      join(folder.path, "quick.js"),
      `export const plugin = { name: "quick", capabilities: ["rewrite"] };
       weir.on("pre_request", (event) => { event.headers["x-a"] = "b"; return event; });`,
    );
    const step = {
      step: "s",
      loop: { in: "{{ range(20000) }}", iterator: "i" },
      tool: [{ item: { kind: "http", url: `${server.url}/` } }],
    };
    const file = { apiVersion: "weir/v1", kind: "Playbook", workflow: [step] };
    writeFileSync(join(folder.path, "a.yaml"), JSON.stringify(file));
    const words = ["run", "a.yaml", "--plugin", "./quick.js"];
    const parent = Bun.spawn([isolatedBinary(), ...words], {
      cwd: folder.path,
      env: { HOME: folder.path },
      stdout: "ignore",
      stderr: "ignore",
    });
    let children: readonly number[] = [];
    try {
      expect(await comesTrue(() => server.hits.length > 300)).toBe(true);
      children = childrenOf(parent.pid);
      expect(children.length).toBe(1);
      parent.kill("SIGKILL");
      await parent.exited;
      expect(await comesTrue(() => children.every((child) => !isAlive(child)))).toBe(true);
    } finally {
      for (const pid of [...children, parent.pid]) endProcess(pid);
    }
  },
  60_000,
);

test("the C library is opened by the path it was loaded from, never by a name", () => {
  // A name that the system does not know would be looked for in the working directory.
  expect(libraryPath()).toMatch(/^\/.*\/(?:libc|libSystem|ld-musl)/);
});

test("whoever waits long for an answer does not stay awake for it", async () => {
  const pace = new Pace();
  const turnsOf = async (): Promise<number> => {
    let turns = 0;
    pace.stayAwake(() => (turns += 1) < 10);
    await Bun.sleep(20);
    return turns;
  };
  expect(await turnsOf()).toBe(0);
  for (let at = 0; at < 16; at += 1) pace.note(0.1);
  await pace.opening;
  expect(await turnsOf()).toBe(navigator.hardwareConcurrency > 1 ? 10 : 0);
  pace.note(50);
  expect(await turnsOf()).toBe(0);
});
