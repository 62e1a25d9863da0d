import { describe, expect, test } from "bun:test";
import { type CliCase, FIRM_AREAS, readCases, readKnownFailures } from "../support/cli-cases.ts";
import { weirDriver } from "../support/drivers.ts";
import { runCase } from "../support/run-case.ts";

// Every case of the command-line corpus, on the source and on the compiled binary. What weir does
// not do yet stands in fixtures/cli-known-failures.json, a list that can only get shorter.
// Proves RQ3 as a whole; RQ4 (url), RQ13 (nested), RQ14 (items), RQ15 (form, body), RQ26 and RQ27
// (method), RQ33 (redirect), RQ37 (output), RQ49 (url-offline-*) and RQ55 (auth).

const cases = await readCases();
const knownFailures = await readKnownFailures();
const ids = new Set(cases.map((one) => one.id));

function isFirm(one: CliCase): boolean {
  return one.level === "core" && FIRM_AREAS.includes(one.area);
}

describe.each(["source", "binary"] as const)("weir from %s", (target) => {
  test.each(cases.map((one) => ({ ...one, name: `${one.area}: ${one.id}` })))(
    "$name",
    async (one) => {
      const problems = await runCase(one, weirDriver(target));
      const reason = knownFailures[one.id];
      if (reason === undefined) {
        expect(problems).toEqual([]);
        return;
      }
      if (problems.length === 0) {
        throw new Error(`${one.id} passes: take it out of fixtures/cli-known-failures.json`);
      }
    },
  );
});

test("the corpus has no id twice", () => {
  expect(ids.size).toBe(cases.length);
});

test("a known failure names a case of the corpus and says why", () => {
  const strange = Object.entries(knownFailures).filter(
    ([id, reason]) => !ids.has(id) || reason.trim() === "",
  );
  expect(strange).toEqual([]);
});

test("a core case of a firm area is never a known failure", () => {
  const listed = cases.filter((one) => isFirm(one) && Object.hasOwn(knownFailures, one.id));
  expect(listed.map((one) => one.id)).toEqual([]);
});
