import { expect, test } from "bun:test";
import fc from "fast-check";
import { parse } from "smol-toml";
import { WeirError } from "../../../lib/base/errors.ts";
import { duration, flag, integer, json, number, size, text } from "../../../lib/config/scalars.ts";
import {
  convert,
  list,
  map,
  oneOf,
  optional,
  table,
  variant,
} from "../../../lib/config/combine.ts";
import { type Infer, readShape, type Shape } from "../../../lib/config/shape.ts";

const NAMES = { pattern: /^[a-z]+$/, expected: "a name of letters" };

const full = table({
  name: text(),
  mode: optional(text({ choices: ["on", "off"] }), "on"),
  id: optional(text({ pattern: /^\d+$/, expected: "a string of digits" })),
  is_open: optional(flag()),
  count: optional(integer({ min: 1, max: 10 })),
  ratio: optional(number({ min: 0 })),
  wait: optional(duration()),
  cap: optional(size()),
  tags: optional(list(text())),
  headers: optional(map(text(), NAMES)),
  query: optional(oneOf(text(), list(text()))),
  inner: optional(table({ deep: integer() })),
  upper: optional(convert(text(), (value) => value.toUpperCase())),
  free: optional(json()),
  entry: optional(
    variant("kind", {
      bearer: { token: text() },
      basic: { user: text(), pass: optional(text()) },
    }),
  ),
});

function read(toml: string): Infer<typeof full> {
  const reading = readShape(full, parse(toml));
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return reading.data;
}

function problemsOf(toml: string, shape: Shape<unknown> = full) {
  const reading = readShape(shape, parse(toml));
  return reading.ok ? [] : reading.problems;
}

const EVERYTHING = `
name = "n"
id = "7"
is_open = false
count = 10
ratio = 0
wait = "1m30s"
cap = "1MiB"
tags = ["a", "b"]
headers = { b = "1", a = "2" }
query = ["x"]
inner.deep = -1
upper = "up"
free = { a = [1, { b = true }], __proto__ = { c = "d" } }
entry = { kind = "basic", user = "u" }
`;

test("table() reads every kind of value into its type", () => {
  const data = read(EVERYTHING);
  expect(data.mode).toBe("on");
  expect(data.wait).toBe(90_000);
  expect(data.cap).toBe(1_048_576);
  expect([...(data.headers ?? [])]).toEqual([
    ["b", "1"],
    ["a", "2"],
  ]);
  expect(data.inner?.deep).toBe(-1);
  expect(data.upper).toBe("UP");
  expect(JSON.stringify(data.free)).toBe('{"a":[1,{"b":true}],"__proto__":{"c":"d"}}');
  expect(data.entry).toEqual({ kind: "basic", user: "u" });
});

test("duration() and size() take numbers as seconds and bytes", () => {
  const data = read('name = "n"\nwait = 2.5\ncap = 10');
  expect([data.wait, data.cap]).toEqual([2500, 10]);
});

test("a key that is not set is not in the data", () => {
  expect(Object.keys(read('name = ""'))).toEqual(["name", "mode"]);
});

test.each([
  { name: "a missing key", toml: "", path: ["name"], code: "CONFIG_INVALID" },
  { name: "an unknown key", toml: "nam = 1", path: ["nam"], code: "CONFIG_UNKNOWN_KEY" },
  {
    name: "an unknown key far down",
    toml: "inner.dep = 1",
    path: ["inner", "dep"],
    code: "CONFIG_UNKNOWN_KEY",
  },
  { name: "a number for a string", toml: "name = 1", path: ["name"] },
  { name: "a date for a string", toml: "name = 1979-05-27", path: ["name"] },
  { name: "a date for a table", toml: "inner = 1979-05-27", path: ["inner"] },
  { name: "a list for a table", toml: "inner = []", path: ["inner"] },
  { name: "a table for a list", toml: "tags = {}", path: ["tags"] },
  { name: "a string for a list", toml: 'tags = "a"', path: ["tags"] },
  { name: "a wrong element", toml: 'tags = ["a", 1]', path: ["tags", 1] },
  { name: "a wrong value of a map", toml: "headers = { a = 1 }", path: ["headers", "a"] },
  { name: "a wrong name of a map", toml: 'headers = { A = "1" }', path: ["headers", "A"] },
  { name: "a value that is no choice", toml: 'mode = "of"', path: ["mode"] },
  { name: "a string that the pattern refuses", toml: 'id = "x"', path: ["id"] },
  { name: "a string for a boolean", toml: 'is_open = "true"', path: ["is_open"] },
  { name: "a number for a boolean", toml: "is_open = 1", path: ["is_open"] },
  { name: "a fraction for an integer", toml: "count = 1.5", path: ["count"] },
  { name: "an integer out of bounds", toml: "count = 11", path: ["count"] },
  { name: "a number below its bound", toml: "ratio = -0.1", path: ["ratio"] },
  { name: "nan", toml: "ratio = nan", path: ["ratio"] },
  { name: "inf", toml: "ratio = inf", path: ["ratio"] },
  { name: "a duration without a unit that exists", toml: 'wait = "1x"', path: ["wait"] },
  { name: "a negative duration", toml: "wait = -1", path: ["wait"] },
  { name: "an infinite duration", toml: "wait = inf", path: ["wait"] },
  { name: "a time of day for a duration", toml: "wait = 00:00:30", path: ["wait"] },
  { name: "a size with a lone letter", toml: 'cap = "1M"', path: ["cap"] },
  { name: "a boolean where two shapes are right", toml: "query = true", path: ["query"] },
  { name: "a wrong element of the chosen shape", toml: "query = [1]", path: ["query", 0] },
  { name: "a date in a free value", toml: "free = [1979-05-27]", path: ["free", 0] },
  { name: "inf in a free value", toml: "free = { a = inf }", path: ["free", "a"] },
  { name: "a table without its tag", toml: "entry = {}", path: ["entry", "kind"] },
  { name: "a tag that is no string", toml: "entry.kind = 1", path: ["entry", "kind"] },
  { name: "a tag that does not exist", toml: 'entry.kind = "bear"', path: ["entry", "kind"] },
  {
    name: "a tag from Object.prototype",
    toml: 'entry.kind = "constructor"',
    path: ["entry", "kind"],
  },
  {
    name: "a key of another variant",
    toml: 'entry = { kind = "bearer", token = "t", user = "u" }',
    path: ["entry", "user"],
    code: "CONFIG_UNKNOWN_KEY",
  },
  {
    name: "__proto__ as a key",
    toml: "__proto__ = 1",
    path: ["__proto__"],
    code: "CONFIG_UNKNOWN_KEY",
  },
  {
    name: "constructor as a key",
    toml: "constructor = 1",
    path: ["constructor"],
    code: "CONFIG_UNKNOWN_KEY",
  },
])("table() refuses $name", ({ toml, path, code = "CONFIG_INVALID" }) => {
  const problems = problemsOf(
    toml === "" || toml.startsWith("name") ? toml : `name = "n"\n${toml}`,
  );
  expect(problems.map((one) => [one.code, one.path])).toContainEqual([code, path] as never);
  expect(problems.every((one) => one.hint !== "" && !one.message.endsWith("."))).toBe(true);
});

test("table() collects the problems of every key", () => {
  expect(problemsOf("x = 1\ncount = 0\nmode = 3")).toHaveLength(4);
});

test("an unknown key names the nearest, or all when none is near", () => {
  const [near] = problemsOf('name = "n"\ncuont = 1');
  expect(near?.hint).toContain("count");
  const [far] = problemsOf('name = "n"\nzzzzzzzz = 1');
  expect(far?.hint).toContain("is_open");
});

test("an unknown key of a megabyte is answered at once, and shortly", () => {
  const [problem] = problemsOf(`name = "n"\n${"k".repeat(1_000_000)} = 1`);
  expect(problem?.message.length).toBeLessThan(150);
});

test("problems of a secret key do not quote the value", () => {
  const secret = table({
    token: text({ choices: ["a"] }),
    password: convert(text(), (value) => {
      throw new WeirError("AUTH_INVALID", `bad ${value}`);
    }),
  });
  const problems = problemsOf('token = "hunter2"\npassword = "hunter2"', secret);
  expect(problems).toHaveLength(2);
  expect(JSON.stringify(problems)).not.toContain("hunter2");
});

test("convert() keeps code and hint of the error that was thrown", () => {
  const shape = convert(text(), () => {
    throw new WeirError("CONFIG_BAD_POLICY", "*.com is too broad", { hint: "Name the host" });
  });
  expect(readShape(shape, "x", ["allowed", 0])).toMatchObject({
    ok: false,
    problems: [{ code: "CONFIG_BAD_POLICY", hint: "Name the host", path: ["allowed", 0] }],
  });
});

test("convert() reports a foreign error as a bug", () => {
  const shape = convert(text(), () => {
    throw new TypeError("oops");
  });
  expect(() => readShape(shape, "x")).toThrow(WeirError);
});

test("json() refuses a value of endless depth instead of overflowing the stack", () => {
  const [problem] = problemsOf(`name = "n"\n[free.${"a.".repeat(200_000)}b]`);
  expect(problem?.path).toEqual(["free", "a"]);
});

test("types follow the shape", () => {
  const data: {
    readonly name: string;
    readonly mode: "on" | "off";
    readonly count?: number;
    readonly headers?: ReadonlyMap<string, string>;
    readonly query?: string | readonly string[];
    readonly entry?:
      | { readonly kind: "bearer"; readonly token: string }
      | { readonly kind: "basic"; readonly user: string; readonly pass?: string };
  } = read('name = "n"');
  expect(data.name).toBe("n");
});

test("no shape throws for any value, and what is no data has a problem", () => {
  fc.assert(
    fc.property(
      fc.anything({ withDate: true, withBigInt: true, withNullPrototype: true }),
      fc.constantFrom(...Object.keys(parse(EVERYTHING)), "mode"),
      (value, key) => {
        const reading = readShape(full, { name: "n", [key]: value });
        if (!reading.ok) expect(reading.problems.length).toBeGreaterThan(0);
      },
    ),
  );
});
