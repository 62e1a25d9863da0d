import { describe, expect, test } from "bun:test";
import { selectFrom } from "../../../lib/agent/select.ts";
import { systemClock } from "../../../lib/base/clock.ts";
import { Redactor } from "../../../lib/base/redact.ts";
import { refusalOf } from "../../support/audit.ts";

const DOCUMENT = {
  items: [
    { id: 1, name: "one", tags: ["a"] },
    { id: 2, name: "two", tags: [] },
  ],
  next: null,
  total: 2,
};

function select(
  path: string,
  data: unknown = DOCUMENT,
  redactor = new Redactor(),
): Promise<unknown> {
  const text = typeof data === "string" ? data : JSON.stringify(data);
  return selectFrom(text, path, { capBytes: 100_000, redactor, clock: systemClock });
}

test.each([
  { name: "one value as it is", path: "$.total", want: 2 },
  { name: "one null as null", path: "$.next", want: null },
  { name: "several values in a list", path: "$.items[*].id", want: [1, 2] },
  { name: "nothing as an empty list", path: "$.nothing", want: [] },
  { name: "the whole document", path: "$", want: DOCUMENT },
  { name: "what a filter finds", path: "$.items[?@.id > 1].name", want: "two" },
  { name: "what stands anywhere below", path: "$..id", want: [1, 2] },
])("ASK17 selectFrom() returns $name", async ({ path, want }) => {
  expect(await select(path)).toEqual(want);
});

describe("selectFrom() refuses", () => {
  test.each([
    { name: "match()", path: "$.items[?match(@.name, '(a+)+$')]" },
    { name: "search()", path: "$.items[?search(@.name, 'o')]" },
    { name: "match() with a space", path: "$.items[?match (@.name, 'o')]" },
    { name: "search() deep inside a filter", path: "$[?@.a && (@.b || !search(@.c, 'x'))]" },
    { name: "a path that is none", path: "items" },
    { name: "an empty path", path: "" },
    { name: "an unknown function", path: "$[?evil(@)]" },
    { name: "a path of a megabyte", path: `$${".a".repeat(500_000)}` },
  ])("$name", async ({ path }) => {
    const refusal = await refusalOf(select(path));
    expect(refusal).toMatchObject({ code: "DATA_BAD_CALL", hint: expect.any(String) });
    expect(String(refusal).length).toBeLessThan(400);
  });

  test("a text that is no JSON", async () => {
    expect(await refusalOf(select("$", "<html>"))).toMatchObject({ code: "DATA_BAD_CALL" });
  });

  test("a path that finds the same again and again", async () => {
    const many = Array.from({ length: 2000 }, (_, at) => at);
    const path = `$[${Array.from({ length: 100 }, () => "*").join(",")}]`;
    expect(await refusalOf(select(path, many))).toMatchObject({
      code: "DATA_BAD_CALL",
      message: expect.stringContaining("more than 100000 bytes"),
    });
  });

  test.each([
    { name: "filters in filters", path: "$[?$..[?$..[?@.none]]]" },
    { name: "a long way through everything", path: "$..*..*..*..*..*..[?@.none]" },
  ])("$name that would hold the process for long", async ({ path }) => {
    const chain: unknown = JSON.parse("[".repeat(40) + "]".repeat(40));
    const deep = [chain, ...Array.from({ length: 3000 }, (_, at) => ({ a: { b: { c: at } } }))];
    const startedMs = performance.now();
    expect(await refusalOf(select(path, deep))).toMatchObject({
      code: "DATA_BAD_CALL",
      message: expect.stringContaining("takes too long"),
    });
    expect(performance.now() - startedMs).toBeLessThan(3000);
  });
});

describe("ASK4 selectFrom() and secrets", () => {
  const redactor = new Redactor();
  redactor.learn("ghp_REALVALUE");
  redactor.learn("4711471147");

  test("a value is masked wherever it stands", async () => {
    const data = { a: "Bearer ghp_REALVALUE", ghp_REALVALUE: 1, n: 4711471147 };
    const found = JSON.stringify(await select("$", data, redactor));
    expect(found).not.toMatch(/ghp_REALVALUE|4711471147/);
    expect(found).toContain("[redacted]");
  });

  test.each([
    { name: "a comparison", path: "$[?@ >= 'ghp_R']" },
    { name: "a comparison with the value itself", path: "$[?@ == 'ghp_REALVALUE']" },
    { name: "its length", path: "$[?length(@) == 13]" },
    { name: "a number", path: "$[?@ > 4711471146]" },
  ])("$name tells nothing of it", async ({ path }) => {
    const data = { token: "ghp_REALVALUE", number: 4711471147 };
    const other = { token: "[redacted]", number: "[redacted]" };
    expect(await select(path, data, redactor)).toEqual(await select(path, other, redactor));
  });
});
