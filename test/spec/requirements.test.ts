import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PROVEN, REQUIREMENTS } from "./requirements.ts";

const ROOT = join(import.meta.dir, "..", "..");
/** The table the ids come from; it lies beside the project only where the project is made. */
const TABLE = join(ROOT, "..", "shared", "spec", "requirements.md");
const ids: readonly string[] = Object.keys(REQUIREMENTS);

/** Ids of the promises that tests name. */
function cited(): Set<string> {
  const files = [...new Bun.Glob("test/**/*.test.ts").scanSync(ROOT)];
  const texts = files
    .filter((file) => !file.startsWith("test/spec/"))
    .map((file) => readFileSync(join(ROOT, file), "utf8"));
  return new Set(texts.join("\n").match(/\b(?:CR|CH|NO|PX|GT|ASK|WEAK|RQ)\d+\b/g) ?? []);
}

/** Counts the rows of the table under a heading, without its head. */
function rowsUnder(heading: string, text: string): number {
  const [, after = ""] = text.split(`\n## ${heading}`);
  const [section = ""] = after.split("\n## ");
  return section.split("\n").filter((line) => line.startsWith("| ")).length - 2;
}

test("every id stands once in the list", () => {
  const source = readFileSync(join(import.meta.dir, "requirements.ts"), "utf8");
  const written = [...source.matchAll(/^ {2}([A-Z]+\d+):/gm)].map(([, id = ""]) => id);
  expect(written).toEqual([...ids]);
});

test("a promise is a sentence", () => {
  const odd = Object.entries(REQUIREMENTS).filter(
    ([, text]) => text.length < 20 || text.length > 140 || text.endsWith("."),
  );
  expect(odd).toEqual([]);
});

test("PROVEN is sorted as the list and has no id twice", () => {
  const order = PROVEN.map((id) => ids.indexOf(id));
  expect(order).toEqual([...new Set(order)].toSorted((a, b) => a - b));
});

test("what is marked proven is cited by a test", () => {
  const found = cited();
  expect(PROVEN.filter((id) => !found.has(id))).toEqual([]);
});

test("what a test cites is in the list and marked proven", () => {
  const marked = new Set<string>(PROVEN);
  expect([...cited()].filter((id) => !marked.has(id)).toSorted()).toEqual([]);
});

describe.skipIf(!existsSync(TABLE))("against the table", () => {
  test("the list has the ids of its rows and no other", () => {
    const text = readFileSync(TABLE, "utf8");
    const rows = [...text.matchAll(/^\| ([A-Z]{2}\d+) \|/gm)].map(([, id = ""]) => id);
    const own = ids.filter((id) => /^(?:CR|CH|NO|PX|GT)\d/.test(id));
    expect(own.toSorted()).toEqual(rows.toSorted());
  });

  test.each([
    { prefix: "ASK", heading: "What users of these systems ask for" },
    { prefix: "WEAK", heading: "Where upstreams are weak" },
  ])("$prefix has one id a row", ({ prefix, heading }) => {
    const text = readFileSync(TABLE, "utf8");
    const own = ids.filter((id) => id.startsWith(prefix));
    expect(own).toHaveLength(rowsUnder(heading, text));
  });
});
