import { expect, test } from "bun:test";
import { COMMANDS } from "../../../cli/commands/index.ts";
import { resolveInvocation } from "../../../cli/invocation.ts";
import { codeAndHint } from "../../support/errors.ts";

/** The parts of an invocation that tell what a command line was taken for. */
function resolved(argv: readonly string[]) {
  const invocation = resolveInvocation(argv);
  if (invocation.takes === "words") {
    return { command: invocation.command.name, words: invocation.words };
  }
  const { command, method, url, items } = invocation;
  return { command: command.name, method, url, items };
}

test.each([
  { name: "a URL", argv: ["example.test"], want: { url: "example.test" } },
  {
    name: "a URL and items",
    argv: ["h.test", "a=1", "X:y"],
    want: { url: "h.test", items: ["a=1", "X:y"] },
  },
  { name: "a port of localhost", argv: [":8080/x"], want: { url: ":8080/x" } },
  { name: "a URL without scheme", argv: ["://h.test"], want: { url: "://h.test" } },
  { name: "localhost", argv: ["localhost"], want: { url: "localhost" } },
  {
    name: "localhost and an item",
    argv: ["localhost", "a=1"],
    want: { url: "localhost", items: ["a=1"] },
  },
  {
    name: "localhost and a header",
    argv: ["localhost", "X:1"],
    want: { url: "localhost", items: ["X:1"] },
  },
  {
    name: "a host of one word and an item",
    argv: ["intranet", "a=1"],
    want: { url: "intranet", items: ["a=1"] },
  },
  {
    name: "a host of one word and a header",
    argv: ["intranet", "X-Y:z"],
    want: { url: "intranet", items: ["X-Y:z"] },
  },
  {
    name: "a host of one word and an unset header",
    argv: ["intranet", "Accept:"],
    want: { url: "intranet", items: ["Accept:"] },
  },
  {
    name: "a host of one word and an empty header",
    argv: ["intranet", "X;"],
    want: { url: "intranet", items: ["X;"] },
  },
  {
    name: "a host of one word and a list item",
    argv: ["intranet", "[]=1"],
    want: { url: "intranet", items: ["[]=1"] },
  },
  {
    name: "a host of one word and a file",
    argv: ["intranet", "@f.json"],
    want: { url: "intranet", items: ["@f.json"] },
  },
  { name: "a method in capitals", argv: ["PUT", "h.test"], want: { method: "PUT", url: "h.test" } },
  {
    name: "a method in small letters that is no command",
    argv: ["purge", "h.test/x"],
    want: { method: "PURGE", url: "h.test/x" },
  },
  {
    name: "a method in mixed letters",
    argv: ["Get", "h.test"],
    want: { method: "GET", url: "h.test" },
  },
  {
    name: "an odd method",
    argv: ["M-SEARCH", "h.test"],
    want: { method: "M-SEARCH", url: "h.test" },
  },
  {
    name: "a method and localhost",
    argv: ["purge", "localhost"],
    want: { method: "PURGE", url: "localhost" },
  },
  {
    name: "a method and a port",
    argv: ["purge", ":3000"],
    want: { method: "PURGE", url: ":3000" },
  },
  {
    name: "a method and a host with port",
    argv: ["purge", "h:3000/a=b"],
    want: { method: "PURGE", url: "h:3000/a=b" },
  },
  {
    name: "a method and an IPv6 address",
    argv: ["purge", "[::1]:80/"],
    want: { method: "PURGE", url: "[::1]:80/" },
  },
  {
    name: "a method and a URL with a password",
    argv: ["purge", "http://u:p@h/?a=b"],
    want: { method: "PURGE", url: "http://u:p@h/?a=b" },
  },
  {
    name: "what looks like a misspelled method, before a URL",
    argv: ["ge", "https://h.test"],
    want: { method: "GE", url: "https://h.test" },
  },
  { name: "a host named as a command, behind --", argv: ["--", "help"], want: { url: "help" } },
  { name: "a host named as a command, with a slash", argv: ["help/"], want: { url: "help/" } },
  {
    name: "a URL that begins with a dash, behind --",
    argv: ["--", "-x.test"],
    want: { url: "-x.test" },
  },
  { name: "= in the path", argv: ["h.test/a=b"], want: { url: "h.test/a=b" } },
])("resolveInvocation() takes $name for a request", ({ argv, want }) => {
  expect(resolved(argv)).toEqual({
    command: "",
    method: undefined,
    items: [],
    ...want,
    url: want.url,
  });
});

test.each(["get", "post", "put", "patch", "delete", "head", "options"])(
  "resolveInvocation() knows the command %s",
  (command) => {
    const want = { command, method: command.toUpperCase(), url: "h", items: ["a=1"] };
    expect(resolved([command, "h", "a=1"])).toEqual(want);
    expect(resolved(["-v", command, "--follow", "h", "-f", "a=1"])).toEqual(want);
  },
);

test("resolveInvocation() reads request <method> <url>", () => {
  const want = { command: "request", method: "PURGE", url: "get", items: ["a=1"] };
  expect(resolved(["request", "purge", "get", "a=1"])).toEqual(want);
});

test.each([
  { argv: ["--help"], words: [] },
  { argv: ["-h"], words: [] },
  { argv: ["-vh"], words: [] },
  { argv: ["get", "--help"], words: ["get"] },
  { argv: ["get", "-h"], words: ["get"] },
  { argv: ["--help", "h.test"], words: [] },
  { argv: ["--help", "post", "h.test", "a=1"], words: ["post"] },
  { argv: ["completion", "-h"], words: ["completion"] },
  { argv: ["version", "bash", "-h"], words: ["version"] },
  { argv: ["--version", "--help"], words: [] },
  { argv: ["help"], words: [] },
  { argv: ["help", "output"], words: ["output"] },
])("resolveInvocation() shows help for $argv", ({ argv, words }) => {
  expect(resolved(argv)).toEqual({ command: "help", words });
});

test("resolveInvocation() takes -h beside a URL for --headers", () => {
  expect(resolved(["-h", "h.test"])).toMatchObject({ url: "h.test" });
  expect(resolved(["get", "h.test", "-h"])).toMatchObject({ command: "get", url: "h.test" });
  expect(resolveInvocation(["h.test", "-h"]).flags.isSet("headers")).toBe(true);
});

test("resolveInvocation() shows the version for --version, wherever it stands", () => {
  for (const argv of [["--version"], ["version"], ["get", "h.test", "--version"]]) {
    expect(resolved(argv)).toEqual({ command: "version", words: [] });
  }
});

test.each([
  { name: "a misspelled command", argv: ["gte"], code: "USAGE_UNKNOWN_COMMAND", hint: "weir get" },
  {
    name: "a beginning of a command",
    argv: ["compl"],
    code: "USAGE_UNKNOWN_COMMAND",
    hint: "weir completion",
  },
  {
    name: "a misspelled command and a word",
    argv: ["hlep", "output"],
    code: "USAGE_UNKNOWN_COMMAND",
    hint: "weir help",
  },
  {
    name: "a misspelled command and an item",
    argv: ["pots", "a=1"],
    code: "USAGE_UNKNOWN_COMMAND",
    hint: "pots/",
  },
  {
    name: "nothing",
    argv: [],
    code: "USAGE_MISSING_VALUE",
    hint: "weir [method] <url> [item ...]",
  },
  { name: "only flags", argv: ["--follow"], code: "USAGE_MISSING_VALUE", hint: "Usage:" },
  { name: "a command alone", argv: ["get"], code: "USAGE_MISSING_VALUE", hint: "weir get <url>" },
  { name: "a method alone", argv: ["GET"], code: "USAGE_MISSING_VALUE", hint: "Usage:" },
  {
    name: "request with a method alone",
    argv: ["request", "PURGE"],
    code: "USAGE_MISSING_VALUE",
    hint: "weir request",
  },
  { name: "an empty URL", argv: [""], code: "USAGE_MISSING_VALUE", hint: "Usage:" },
  {
    name: "an item where the URL should be",
    argv: ["post", "name=Ada"],
    code: "USAGE_MISSING_VALUE",
    hint: "weir post <url>",
  },
  { name: "only an item", argv: ["name=Ada"], code: "USAGE_MISSING_VALUE", hint: "Usage:" },
  {
    name: "a shell left out",
    argv: ["completion"],
    code: "USAGE_MISSING_VALUE",
    hint: "{bash | zsh",
  },
  {
    name: "a word too many",
    argv: ["version", "x"],
    code: "USAGE_BAD_VALUE",
    hint: "weir version",
  },
  {
    name: "a flag of requests",
    argv: ["version", "--form"],
    code: "USAGE_UNKNOWN_FLAG",
    hint: "weir version",
  },
  {
    name: "a flag with its dashes after help",
    argv: ["help", "--follow"],
    code: "USAGE_UNKNOWN_FLAG",
    hint: "write weir help follow",
  },
])("resolveInvocation() refuses $name", ({ argv, code, hint }) => {
  const found = codeAndHint(() => resolveInvocation(argv));
  expect(found.code).toBe(code);
  expect(found.hint).toContain(hint);
});

test.each([
  { name: "nothing", argv: [], message: "No URL given" },
  { name: "an empty word", argv: [""], message: "The URL is empty" },
])("resolveInvocation() says what is missing of $name", ({ argv, message }) => {
  expect(codeAndHint(() => resolveInvocation(argv)).message).toBe(message);
});

test("resolveInvocation() takes hosts of one word that are like no command", () => {
  for (const host of ["foo", "web", "db", "api", "auth", "intranet", "myhost"]) {
    expect(resolved([host])).toMatchObject({ url: host });
  }
});

test("COMMANDS has every name once, in words that can be typed", () => {
  const names = COMMANDS.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
  expect(names.filter((name) => !/^[a-z]+$/.test(name))).toEqual([]);
});
