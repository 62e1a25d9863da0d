import { expect, test } from "bun:test";
import { FLAGS, type Flags } from "../../../cli/flags.ts";
import { tokenize } from "../../../cli/tokenizer.ts";
import { codeAndHint } from "../../support/errors.ts";

test.each([
  {
    name: "flags stand before, between and behind words",
    argv: ["-v", "a", "--follow", "b", "-f"],
  },
  { name: "they may stand together", argv: ["-vfF", "a", "b"] },
  { name: "and be repeated", argv: ["-f", "-f", "-F", "a", "-v", "b"] },
])("tokenize() $name", ({ argv }) => {
  const { flags, words } = tokenize(argv);
  expect(words).toEqual(["a", "b"]);
  expect([flags.isSet("form"), flags.isSet("follow"), flags.count("verbose")]).toEqual([
    true,
    true,
    1,
  ]);
});

// The traps of facts about other parsers: values cast to numbers, eaten or refused.
test.each(
  [
    "007",
    "0x1F",
    "",
    " ",
    "-",
    "--",
    "-5",
    "-u:p",
    "--follow",
    "-f",
    "false",
    "12345678901234567890",
  ]
    .concat([
      "a=b",
      "=x",
      "@f",
      "ü\u{1f600}",
      "a b",
      "\n",
      "null",
      "1e400",
      "$HOME",
      "*",
      "__proto__",
    ])
    .flatMap((value) => [
      { name: `--raw ${JSON.stringify(value)}`, argv: ["--raw", value, "after"], value },
      { name: `--raw=${JSON.stringify(value)}`, argv: [`--raw=${value}`, "after"], value },
    ]),
)("tokenize() keeps the value of $name as typed", ({ argv, value }) => {
  const { flags, words } = tokenize(argv);
  expect(flags.text("raw")).toBe(value);
  expect(words).toEqual(["after"]);
});

test.each([
  { name: "-oFILE", argv: ["-oFILE"] },
  { name: "-o FILE", argv: ["-o", "FILE"] },
  { name: "-o=FILE", argv: ["-o=FILE"] },
  { name: "-foFILE", argv: ["-foFILE"] },
  { name: "-fo FILE", argv: ["-fo", "FILE"] },
  { name: "--output FILE", argv: ["--output", "FILE"] },
  { name: "--output=FILE", argv: ["--output=FILE"] },
])("tokenize() reads $name", ({ argv }) => {
  expect(tokenize(argv).flags.text("output")).toBe("FILE");
});

test("tokenize() takes one = only off a short flag", () => {
  expect(tokenize(["-a==x"]).flags.text("auth")).toBe("=x");
});

test.each(
  ["a:=-1", "-", "a=-1", "X-Foo:bar", ":8080/x", "q==--follow", "@-", ""].map((word) => ({ word })),
)("tokenize() leaves the word $word alone", ({ word }) => {
  expect(tokenize([word])).toMatchObject({ words: [word], plainCount: 1 });
  expect(tokenize([word]).flags.names()).toEqual([]);
});

test("tokenize() reads no flags behind --", () => {
  const { words, flags } = tokenize(["--", "-x", "--follow", "--", "--bogus"]);
  expect(words).toEqual(["-x", "--follow", "--", "--bogus"]);
  expect(flags.names()).toEqual([]);
});

test("tokenize() says which words stood before --", () => {
  expect(tokenize(["a", "--", "b", "-f"])).toMatchObject({
    words: ["a", "b", "-f"],
    plainCount: 1,
  });
  expect(tokenize(["a", "b"]).plainCount).toBe(2);
});

test("tokenize() lets the last value win, keeps all of a list, and counts", () => {
  const { flags } = tokenize([
    "--timeout=1",
    "--timeout=2",
    "--resolve=a:1",
    "--resolve",
    "b:2",
    "-vv",
    "--verbose",
  ]);
  expect(flags.text("timeout")).toBe("2");
  expect(flags.list("resolve")).toEqual(["a:1", "b:2"]);
  expect(flags.count("verbose")).toBe(3);
});

test.each([
  {
    name: "a switch",
    argv: ["--follow", "--no-follow"],
    read: (f: Flags) => f.isSet("follow"),
    want: false,
  },
  {
    name: "a switch that is on",
    argv: ["--no-check-status"],
    read: (f: Flags) => f.isSet("check-status"),
    want: false,
  },
  {
    name: "a count",
    argv: ["-vv", "--no-verbose"],
    read: (f: Flags) => f.count("verbose"),
    want: 0,
  },
  {
    name: "a value",
    argv: ["--raw=x", "--no-raw"],
    read: (f: Flags) => f.text("raw"),
    want: undefined,
  },
  {
    name: "a value with a default",
    argv: ["--max-redirects=1", "--no-max-redirects"],
    read: (f: Flags) => f.integer("max-redirects"),
    want: 30,
  },
  {
    name: "a list",
    argv: ["--resolve=a:1", "--no-resolve"],
    read: (f: Flags) => f.list("resolve"),
    want: [],
  },
  {
    name: "what comes before it only",
    argv: ["--no-follow", "--follow"],
    read: (f: Flags) => f.isSet("follow"),
    want: true,
  },
])("tokenize() takes back $name with --no-", ({ argv, read, want }) => {
  expect(read(tokenize(argv).flags)).toEqual(want);
});

test.each([
  { name: "--form takes the place of --json", argv: ["--json", "--form"], want: ["form"] },
  { name: "--json takes the place of --multipart", argv: ["--multipart", "-j"], want: ["json"] },
  { name: "-b takes the place of --print", argv: ["--print=H", "-b"], want: ["body"] },
  { name: "--print takes the place of -h", argv: ["-h", "--print=H"], want: ["print"] },
  { name: "-6 takes the place of -4", argv: ["-4", "-6"], want: ["ipv6"] },
  {
    name: "--https takes the place of --default-scheme",
    argv: ["--default-scheme=http", "--https"],
    want: ["https"],
  },
  {
    name: "a flag that is taken back replaces nothing",
    argv: ["--json", "--no-form"],
    want: ["json", "form"],
  },
])("tokenize() $name", ({ argv, want }) => {
  expect(tokenize(argv).flags.names()).toEqual(want);
});

test.each([
  { name: "a misspelled flag", argv: ["--folow"], code: "USAGE_UNKNOWN_FLAG", hint: "--follow" },
  {
    name: "a beginning of a flag",
    argv: ["--verb"],
    code: "USAGE_UNKNOWN_FLAG",
    hint: "--verbose",
  },
  {
    name: "a misspelled --no-",
    argv: ["--no-folow"],
    code: "USAGE_UNKNOWN_FLAG",
    hint: "--no-follow",
  },
  {
    name: "a flag like no other",
    argv: ["--quux-quux"],
    code: "USAGE_UNKNOWN_FLAG",
    hint: "--help",
  },
  { name: "an object's own name", argv: ["--constructor"], code: "USAGE_UNKNOWN_FLAG", hint: "--" },
  { name: "--__proto__", argv: ["--__proto__"], code: "USAGE_UNKNOWN_FLAG", hint: "--" },
  {
    name: "a doubled --no-",
    argv: ["--no-no-follow"],
    code: "USAGE_UNKNOWN_FLAG",
    hint: "--no-follow",
  },
  { name: "an unknown letter", argv: ["-Z"], code: "USAGE_UNKNOWN_FLAG", hint: "--" },
  { name: "an unknown letter in a bundle", argv: ["-fZ"], code: "USAGE_UNKNOWN_FLAG", hint: "--" },
  { name: "a negative number", argv: ["-5"], code: "USAGE_UNKNOWN_FLAG", hint: "put -- before" },
  {
    name: "a long flag with one dash",
    argv: ["-check-status"],
    code: "USAGE_UNKNOWN_FLAG",
    hint: "--check-status",
  },
  {
    name: "a flag without its value",
    argv: ["a", "--output"],
    code: "USAGE_MISSING_VALUE",
    hint: "--output <FILE>",
  },
  {
    name: "a short flag without its value",
    argv: ["-o"],
    code: "USAGE_MISSING_VALUE",
    hint: "--output <FILE>",
  },
  {
    name: "a value for a switch",
    argv: ["--follow=yes"],
    code: "USAGE_BAD_VALUE",
    hint: "--no-follow",
  },
  {
    name: "a value for a --no- flag",
    argv: ["--no-raw=x"],
    code: "USAGE_BAD_VALUE",
    hint: "--raw",
  },
  {
    name: "a value that is no choice",
    argv: ["--pretty=al"],
    code: "USAGE_BAD_VALUE",
    hint: "all, colors, format, none",
  },
  { name: "an empty choice", argv: ["--pretty="], code: "USAGE_BAD_VALUE", hint: "all, colors" },
  {
    name: "a number that is none",
    argv: ["--max-redirects=1.5"],
    code: "USAGE_BAD_VALUE",
    hint: "whole number",
  },
  {
    name: "a negative count",
    argv: ["--max-redirects", "-1"],
    code: "USAGE_BAD_VALUE",
    hint: "whole number",
  },
  {
    name: "a number too long to be one",
    argv: ["--max-redirects=9999999999999999"],
    code: "USAGE_BAD_VALUE",
    hint: "whole number",
  },
])("tokenize() refuses $name", ({ argv, code, hint }) => {
  const found = codeAndHint(() => tokenize(argv));
  expect(found.code).toBe(code);
  expect(found.hint).toContain(hint);
});

test("tokenize() does not quote what stands behind an unknown flag", () => {
  for (const argv of [["-usecret"], ["--user=secret"], ["--pasword=secret"]]) {
    expect(codeAndHint(() => tokenize(argv)).message).not.toContain("secret");
  }
});

test("tokenize() reads every flag of the table, long, short and taken back", () => {
  for (const flag of FLAGS) {
    const choice = "choices" in flag ? flag.choices?.[0] : undefined;
    const value = "label" in flag ? [choice ?? "1"] : [];
    const spellings = [`--${flag.name}`, ...(flag.short === undefined ? [] : [`-${flag.short}`])];
    for (const spelling of spellings) {
      expect(tokenize([spelling, ...value, "word"])).toMatchObject({ words: ["word"] });
    }
    expect(tokenize([`--no-${flag.name}`, "word"]).words).toEqual(["word"]);
  }
});
