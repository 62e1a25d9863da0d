import { type CliCase, FIRM_AREAS, readCases } from "./cli-cases.ts";
import { weirDriver } from "./drivers.ts";
import { runCase } from "./run-case.ts";
import { temporaryFolder } from "./temporary-folder.ts";

// Runs the firm part of the command-line corpus with the source under Deno.

/** Runs at a time: Deno takes most of one core to start. */
const LANES = 2;

async function check(one: CliCase, cache: string): Promise<readonly string[]> {
  try {
    // One cache for all runs, or each would analyse every module anew.
    return await runCase(one, weirDriver("deno", { DENO_DIR: cache, DENO_NO_UPDATE_CHECK: "1" }));
  } catch (error) {
    return [String(error)];
  }
}

using cache = temporaryFolder();
const cases = (await readCases()).filter(
  (one) => one.level === "core" && FIRM_AREAS.includes(one.area),
);
const count = { passed: 0, failed: 0 };
const queue = cases.values();
const lane = async (): Promise<void> => {
  for (const one of queue) {
    const problems = await check(one, cache.path);
    count[problems.length === 0 ? "passed" : "failed"]++;
    if (problems.length > 0) console.log(`${one.id}:\n  ${problems.join("\n  ")}`);
  }
};
await Promise.all(Array.from({ length: LANES }, lane));
console.log(`${count.passed} passed, ${count.failed} failed`);
process.exitCode = count.failed === 0 && count.passed >= 40 ? 0 : 1;
