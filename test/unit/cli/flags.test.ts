import { expect, test } from "bun:test";
import { EVAL_TABLE, Flags, REQUEST_FLAGS, RUN_TABLE } from "../../../cli/flags.ts";
import { FLAG_GROUPS } from "../../../cli/flags/spec.ts";
import { checkValue, tokenize } from "../../../cli/tokenizer.ts";
import { FORMAT_OPTION_KEYS, parseFormatOptions } from "../../../lib/render/pretty.ts";
import { DEFAULT_FORMAT_OPTIONS, parsePretty } from "../../../lib/render/pretty.ts";
import { STYLE_NAMES } from "../../../lib/render/color.ts";

const TABLES = [REQUEST_FLAGS, RUN_TABLE, EVAL_TABLE];
const ALL = [...new Set(TABLES.flatMap(({ rows }) => rows))];
const valued = ALL.flatMap((flag) => ("label" in flag ? [flag] : []));

test.each(TABLES)("$program has every name and every short name once", ({ rows }) => {
  const names = rows.map((flag) => flag.name);
  const shorts = rows.flatMap((flag) => flag.short ?? []);
  expect(names).toEqual([...new Set(names)]);
  expect(shorts).toEqual([...new Set(shorts)]);
});

test("every flag has a name that can be typed and does not collide with --no-", () => {
  expect(ALL.filter(({ name }) => !/^(?!no-)[a-z][a-z0-9-]+$/.test(name))).toEqual([]);
  expect(ALL.filter(({ short }) => short !== undefined && !/^[A-Za-z0-9]$/.test(short))).toEqual(
    [],
  );
});

test("FLAGS says what the value of each flag is", () => {
  expect(valued.filter(({ label }) => !/^[A-Za-z:=|[\]]+$/.test(label))).toEqual([]);
});

test("FLAGS has choices that can be typed, and defaults among them", () => {
  for (const flag of valued) {
    for (const choice of flag.choices ?? []) {
      expect(choice).toMatch(/^[a-z0-9.-]+$/);
      // One line for -h names them all.
      expect(flag.help).toContain(choice);
    }
    if (flag.default !== undefined) checkValue(flag, flag.default);
    expect([flag.default, flag.otherwise]).toContain(undefined);
  }
});

test.each(TABLES)("$program replaces only flags that exist", (table) => {
  const replaced = table.rows.flatMap((flag) => flag.replaces ?? []);
  const missing = replaced.filter((name) => table.find(name) === undefined);
  expect(missing).toEqual([]);
});

test("the tables fill every heading and no other", () => {
  expect([...new Set(ALL.map(({ group }) => group))].sort()).toEqual([...FLAG_GROUPS].sort());
});

test("FLAGS has help without a final period and a long text with one", () => {
  expect(ALL.filter(({ help }) => help.endsWith(".") || help.length > 47)).toEqual([]);
  expect(ALL.filter(({ long }) => !/\.$|^ {4}.*$/m.test(long))).toEqual([]);
});

test("FLAGS has an example for each flag, which parses and uses it", () => {
  for (const { name, example = "" } of ALL) {
    // Examples are for a shell: quotes go, and what stands behind a pipe or && is another program.
    const [command = ""] = example.split(/ (?:\||>|&&) /);
    const argv = [...command.matchAll(/'([^']*)'|(\S+)/g)].map((word) => word[1] ?? word[2] ?? "");
    expect(argv[0]).toBe("weir");
    const table = TABLES.find(({ program }) => program === `weir ${argv[1]}`);
    expect({ name, used: tokenize(argv.slice(1), table).flags.names() }).toEqual({
      name,
      used: expect.arrayContaining([name]),
    });
  }
});

test("FLAGS offers what the render room understands", () => {
  const choices = (name: string) => valued.find((flag) => flag.name === name)?.choices;
  expect(choices("style")).toEqual([...STYLE_NAMES]);
  expect(choices("pretty")?.map(parsePretty)).toHaveLength(4);
  const keys = [
    ...(REQUEST_FLAGS.find("format-options")?.long ?? "").matchAll(/[a-z]+\.[a-z_]+:\w+/g),
  ];
  const named = keys.map(([part]) => part);
  expect(named.map((part) => part.split(":")[0] ?? "").sort()).toEqual(
    [...FORMAT_OPTION_KEYS].sort(),
  );
  // The defaults in the text are the defaults.
  expect(parseFormatOptions(named.join(","))).toEqual(DEFAULT_FORMAT_OPTIONS);
});

test("FlagTable.findShort() finds every short name", () => {
  expect(REQUEST_FLAGS.findShort("o")?.name).toBe("output");
  expect(REQUEST_FLAGS.findShort("constructor")).toBeUndefined();
});

test("Flags answers for what was not given by the defaults of the table", () => {
  const flags = new Flags();
  expect(flags.isSet("form")).toBe(false);
  expect(flags.isSet("check-status")).toBe(true);
  expect(flags.isGiven("check-status")).toBe(false);
  expect(flags.text("auth-type")).toBe("basic");
  expect(flags.text("output")).toBeUndefined();
  expect(flags.integer("max-redirects")).toBe(30);
  expect(flags.count("verbose")).toBe(0);
  expect(flags.list("resolve")).toEqual([]);
});

test.each([
  {
    name: "what was typed wins",
    below: ["--timeout=9"],
    above: ["--timeout=1"],
    want: { timeout: "1" },
  },
  {
    name: "what was not typed stays",
    below: ["--timeout=9"],
    above: ["-f"],
    want: { timeout: "9", form: true },
  },
  {
    name: "--no-form beats form = true",
    below: ["--form"],
    above: ["--no-form"],
    want: { form: false },
  },
  { name: "--no-timeout beats timeout", below: ["--timeout=9"], above: ["--no-timeout"], want: {} },
  {
    name: "--form sends --json away",
    below: ["--json"],
    above: ["--form"],
    want: { form: true, json: false },
  },
  {
    name: "--no-form does not",
    below: ["--json"],
    above: ["--no-form"],
    want: { form: false, json: true },
  },
])("Flags.over() $name", ({ below, above, want }) => {
  const flags = tokenize(above).flags.over(tokenize(below).flags);
  expect({
    timeout: flags.text("timeout"),
    form: flags.isSet("form"),
    json: flags.isSet("json"),
  }).toEqual({ timeout: undefined, form: false, json: false, ...want });
});

test("Flags does not compile when a flag is asked for what it is not", () => {
  const flags = new Flags();
  // @ts-expect-error -- no such flag
  flags.isSet("folow");
  // @ts-expect-error -- counted, not on or off
  flags.isSet("verbose");
  // @ts-expect-error -- a list, not one text
  flags.text("resolve");
  // @ts-expect-error -- not a number
  flags.integer("timeout");
  const pretty: "all" | "colors" | "format" | "none" | undefined = flags.text("pretty");
  const scheme: "basic" | "bearer" | "digest" = flags.text("auth-type");
  expect([pretty, scheme]).toEqual([undefined, "basic"]);
});
