import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CliCase, FIRM_AREAS, readCases } from "./cli-cases.ts";
import { weirDriver } from "./drivers.ts";
import { startServer } from "./loopback-server.ts";
import { runCase } from "./run-case.ts";
import { runCli } from "./run-cli.ts";
import { temporaryFolder } from "./temporary-folder.ts";

// Runs the firm part of the command-line corpus, and a pipeline, with the source under Deno.

/** Runs at a time: Deno takes most of one core to start. */
const LANES = 2;

/** One cache for all runs, or each would analyse every module anew. */
function environment(cache: string): Readonly<Record<string, string>> {
  return { DENO_DIR: cache, DENO_NO_UPDATE_CHECK: "1" };
}

async function check(one: CliCase, cache: string): Promise<readonly string[]> {
  try {
    return await runCase(one, weirDriver("deno", environment(cache)));
  } catch (error) {
    return [String(error)];
  }
}

/** Pages of a server, through the sandbox, into a file. */
async function checkPipeline(cache: string): Promise<readonly string[]> {
  using server = await startServer({
    replies: [{ json: [{ n: 1 }, { n: 2 }] }, { json: [{ n: 3 }] }],
  });
  using folder = temporaryFolder();
  const text = `- fetch: { kind: http, url: "${server.url}", spec: { paginate: { type: page, limit: 2 } } }
- double: { kind: script, args: "{{ fetch.data }}", code: "return args.map(({ n }) => ({ n: n * 2 }))" }
- save: { kind: write, to: out.csv, rows: "{{ double.data }}" }
`;
  writeFileSync(join(folder.path, "pages.yaml"), text);
  const options = { cwd: folder.path, env: environment(cache), timeoutMs: 60_000 };
  const argv = ["run", "pages.yaml", "-q"];
  const { exit, stderr } = await runCli(argv, { ...options, target: "deno" });
  if (exit !== 0) return [`exit ${exit}: ${stderr}`];
  const rows = readFileSync(join(folder.path, "out.csv"), "utf8");
  return rows === "n\n2\n4\n6\n" ? [] : [`out.csv holds ${JSON.stringify(rows)}`];
}

using cache = temporaryFolder();
const cases = (await readCases()).filter(
  (one) => one.level === "core" && FIRM_AREAS.includes(one.area),
);
const count = { passed: 0, failed: 0 };
const queue = cases.values();
const report = (id: string, problems: readonly string[]): void => {
  count[problems.length === 0 ? "passed" : "failed"]++;
  if (problems.length > 0) console.log(`${id}:\n  ${problems.join("\n  ")}`);
};
const lane = async (): Promise<void> => {
  for (const one of queue) report(one.id, await check(one, cache.path));
};
await Promise.all(Array.from({ length: LANES }, lane));
report("pipeline", await checkPipeline(cache.path));
console.log(`${count.passed} passed, ${count.failed} failed`);
process.exitCode = count.failed === 0 && count.passed >= 40 ? 0 : 1;
