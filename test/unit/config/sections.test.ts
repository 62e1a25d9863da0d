import { expect, test } from "bun:test";
import { parse } from "smol-toml";
import { aliasShape, expandAlias } from "../../../lib/config/alias.ts";
import { codeOf, WeirError } from "../../../lib/base/errors.ts";
import { type DefaultableFlag, defaultsShape } from "../../../lib/config/defaults.ts";
import { readShape, type Shape } from "../../../lib/config/shape.ts";

const FLAGS: readonly DefaultableFlag[] = [
  { name: "follow", kind: "boolean" },
  { name: "timeout", kind: "value" },
  { name: "verify", kind: "value", choices: ["yes", "no"] },
  { name: "pretty", kind: "value", choices: ["all", "none"] },
  { name: "header", kind: "list" },
  { name: "verbose", kind: "count" },
];

function problemPaths(shape: Shape<unknown>, toml: string) {
  const reading = readShape(shape, parse(toml));
  return reading.ok ? [] : reading.problems.map(({ code, path }) => [code, path.join(".")]);
}

test("defaultsShape() reads values as the command line would hold them", () => {
  const toml = `
follow = true
timeout = 0.5
verify = false
pretty = "none"
header = ["A: 1", "B: 2"]
verbose = 2
`;
  expect(readShape(defaultsShape(FLAGS), parse(toml))).toEqual({
    ok: true,
    data: {
      follow: true,
      timeout: "0.5",
      verify: "no",
      pretty: "none",
      header: ["A: 1", "B: 2"],
      verbose: 2,
    },
  });
});

test("defaultsShape() takes one value alone for a list", () => {
  expect(readShape(defaultsShape(FLAGS), parse('header = "A: 1"'))).toEqual({
    ok: true,
    data: { header: ["A: 1"] },
  });
});

test.each([
  { name: "a flag that does not exist", toml: "folow = true", code: "CONFIG_UNKNOWN_KEY" },
  { name: "an underscore for a dash", toml: "time_out = 1", code: "CONFIG_UNKNOWN_KEY" },
  { name: "a string for a switch", toml: 'follow = "yes"' },
  { name: "a boolean for a value", toml: "timeout = true" },
  { name: "a value that is no choice", toml: 'pretty = "al"' },
  { name: "a boolean where the choices are not yes and no", toml: "pretty = false" },
  { name: "a negative count", toml: "verbose = -1" },
])("defaultsShape() refuses $name", ({ toml, code = "CONFIG_INVALID" }) => {
  expect(problemPaths(defaultsShape(FLAGS), toml)).toEqual([[code, toml.split(" ")[0] ?? ""]]);
});

const ALIASES = `
[gh]
base_url = "https://api.github.com"
headers = { Accept = "application/vnd.github+json" }
auth = "@github"
auth_type = "bearer"
query = { page = "1", tag = ["a", "b"] }
verify = false
timeout = "10s"
[v1]
base_url = "http://localhost:8080/v1/"
`;

function aliases() {
  const reading = readShape(aliasShape, parse(ALIASES));
  if (!reading.ok) throw new Error("the aliases are valid");
  return reading.data;
}

test("aliasShape() reads every key", () => {
  expect(aliases().get("gh")).toEqual({
    base_url: "https://api.github.com/",
    headers: new Map([["Accept", "application/vnd.github+json"]]),
    auth: "@github",
    auth_type: "bearer",
    query: new Map<string, string | readonly string[]>([
      ["page", "1"],
      ["tag", ["a", "b"]],
    ]),
    verify: "no",
    timeout: 10_000,
  });
});

test.each([
  { name: "no base URL", toml: "[a]", path: "a.base_url" },
  { name: "another scheme", toml: 'a.base_url = "ftp://x"', path: "a.base_url" },
  { name: "a scheme without slashes", toml: 'a.base_url = "https:x"', path: "a.base_url" },
  { name: "a host without a scheme", toml: 'a.base_url = "api.test"', path: "a.base_url" },
  { name: "a query in the base URL", toml: 'a.base_url = "http://x/?a"', path: "a.base_url" },
  { name: "an empty fragment in it", toml: 'a.base_url = "http://x/#"', path: "a.base_url" },
  { name: "an empty auth", toml: 'a = { base_url = "http://x", auth = "" }', path: "a.auth" },
  { name: "a name with a slash", toml: '"a/b".base_url = "http://x"', path: "a/b" },
  { name: "an empty name", toml: '"".base_url = "http://x"', path: "" },
  {
    name: "a number in the query",
    toml: 'a = { base_url = "http://x", query.p = 1 }',
    path: "a.query.p",
  },
])("aliasShape() refuses $name", ({ toml, path }) => {
  expect(problemPaths(aliasShape, toml)).toEqual([["CONFIG_INVALID", path]]);
});

test("aliasShape() never quotes a base URL: it may hold a password", () => {
  const reading = readShape(aliasShape, parse('a.base_url = "ftp://me:hunter2@x"'));
  expect(JSON.stringify(reading)).not.toContain("hunter2");
});

test.each([
  { name: "the name alone", typed: "@gh", want: "https://api.github.com/" },
  { name: "a path", typed: "@gh/user", want: "https://api.github.com/user" },
  {
    name: "a path below a base path",
    typed: "@v1/users?a=1",
    want: "http://localhost:8080/v1/users?a=1",
  },
  { name: "a query", typed: "@v1?a", want: "http://localhost:8080/v1/?a" },
  {
    name: "a path that looks like a host",
    typed: "@gh//evil.test/x",
    want: "https://api.github.com//evil.test/x",
  },
  {
    name: "dot segments, left for --path-as-is to decide on",
    typed: "@v1/../x",
    want: "http://localhost:8080/v1/../x",
  },
])("expandAlias() joins $name", ({ typed, want }) => {
  expect(expandAlias(typed, aliases())?.url).toBe(want);
});

test("expandAlias() leaves other URLs alone", () => {
  expect(expandAlias("example.test/@gh", aliases())).toBeUndefined();
});

test.each([{ typed: "@hg/x" }, { typed: "@" }, { typed: "@gh:80/x" }, { typed: "@__proto__" }])(
  "expandAlias() refuses $typed, which names no alias",
  ({ typed }) => {
    let error: unknown;
    try {
      expandAlias(typed, aliases());
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(WeirError);
    expect(codeOf(error)).toBe("USAGE_BAD_URL");
  },
);
