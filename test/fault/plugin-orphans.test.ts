import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  childrenOf,
  comesTrue,
  endProcess,
  hasProcesses,
  isAlive,
  ticksOf,
} from "../support/children.ts";
import { commandOf, type Target } from "../support/targets.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

// weir is killed with -9 while its child is inside a native call that nothing interrupts: no end of
// input is read there, and no timer runs.

const NATIVE = `export const plugin = { name: "native", limits: { deadline_ms: 60000, timeout_ms: 60000 } };
weir.on("pre_request", () => { Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1); });
`;

/** Variables that a child may have, by what runs it. */
const VARIABLES: Readonly<Record<Target, readonly string[]>> = {
  binary: ["BUN_FEATURE_FLAG_NO_ORPHANS", "BUN_JSC_forceRAMSize"],
  source: ["BUN_FEATURE_FLAG_NO_ORPHANS", "BUN_JSC_forceRAMSize"],
  deno: ["DENO_NO_UPDATE_CHECK"],
};

test
  .skipIf(!hasProcesses)
  .each([{ target: "source" }, { target: "binary" }, { target: "deno" }] as const)(
  "no child outlives a parent on $target that is killed during an endless native call",
  async ({ target }) => {
    using folder = temporaryFolder();
    const path = join(folder.path, "native.js");
    writeFileSync(path, NATIVE);
    const argv = [...commandOf(target), "--plugin", path, "get", "http://127.0.0.1:1/"];
    const parent = Bun.spawn(argv, { stdout: "ignore", stderr: "ignore" });
    let children: readonly number[] = [];
    try {
      expect(await comesTrue(() => (children = childrenOf(parent.pid)).length > 0)).toBe(true);
      const [child = 0] = children;
      // By what it has used of a core by now it is inside of the call.
      const isInside = (): boolean => ticksOf(child) > START_TICKS;
      expect(await comesTrue(isInside, 40_000)).toBe(true);
      const variables = readFileSync(`/proc/${child}/environ`, "utf8").split("\0");
      expect(variables.flatMap((one) => one.split("=")[0] || [])).toEqual([...VARIABLES[target]]);
      parent.kill("SIGKILL");
      await parent.exited;
      expect(await comesTrue(() => !isAlive(child), 10_000)).toBe(true);
    } finally {
      // A child that outlived its parent would keep a core busy until somebody looks.
      for (const pid of [...children, parent.pid]) endProcess(pid);
    }
  },
  120_000,
);

/** Hundredths of a second: far more than any child needs to start. */
const START_TICKS = 150;
