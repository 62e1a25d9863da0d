import { readCases } from "./cli-cases.ts";
import { httpieDriver } from "./drivers.ts";
import { runCase } from "./run-case.ts";

// Runs the corpus with HTTPie, to prove the runner rather than the program: every case must end as
// its `agree` says. Not part of the suite. Usage: bun test/support/peers.ts VERSION [ID ...]
const [version = "3.2.1", ...ids] = process.argv.slice(2);
const agreed = `httpie-${version}`;
const count = { passed: 0, failed: 0 };
for (const one of await readCases()) {
  if (ids.length > 0 && !ids.includes(one.id)) continue;
  const problems = await runCase(one, httpieDriver);
  const isAsSaid = (problems.length === 0) === one.agree[agreed];
  count[isAsSaid ? "passed" : "failed"]++;
  if (isAsSaid) continue;
  console.log(`${one.id}: agree says ${one.agree[agreed]}`);
  for (const problem of problems) console.log(`  ${problem}`);
}
console.log(`${count.passed} passed, ${count.failed} failed`);
process.exitCode = count.failed === 0 ? 0 : 1;
