import { expect, test } from "bun:test";
import { matchesPath, readPath, readPathPattern } from "../../../lib/guard/path.ts";

function matches(pattern: string, path: string): boolean {
  const reading = readPathPattern(pattern);
  const segments = readPath(path);
  if ("problem" in reading) throw new Error(`${pattern} ${reading.problem}`);
  if ("problem" in segments) throw new Error(`${path} has ${segments.problem}`);
  return matchesPath(reading.pattern, segments.segments);
}

test.each([
  { name: "the root", pattern: "/", path: "/", want: true },
  { name: "not more than the root", pattern: "/", path: "/a", want: false },
  { name: "a path", pattern: "/a/b", path: "/a/b", want: true },
  { name: "not a longer path", pattern: "/a/b", path: "/a/b/c", want: false },
  { name: "not a longer segment", pattern: "/a", path: "/ab", want: false },
  { name: "not a trailing slash", pattern: "/a", path: "/a/", want: false },
  { name: "case", pattern: "/repos", path: "/REPOS", want: false },
  { name: "a decoded letter", pattern: "/repos", path: "/%72epos", want: true },
  { name: "a decoded name", pattern: "/bücher", path: "/b%C3%BCcher", want: true },
  { name: "one segment", pattern: "/repos/*/issues", path: "/repos/x/issues", want: true },
  {
    name: "not two segments for *",
    pattern: "/repos/*/issues",
    path: "/repos/x/y/issues",
    want: false,
  },
  { name: "not an empty segment for *", pattern: "/repos/*", path: "/repos/", want: false },
  { name: "a part of a segment", pattern: "/v1/user-*.json", path: "/v1/user-7.json", want: true },
  { name: "two parts of a segment", pattern: "/*a*a", path: "/xaya", want: true },
  { name: "not half of a pattern", pattern: "/*a*a", path: "/xay", want: false },
  { name: "any depth", pattern: "/repos/**", path: "/repos/a/b/c", want: true },
  { name: "no depth", pattern: "/repos/**", path: "/repos", want: true },
  { name: "no depth and a slash", pattern: "/repos/**", path: "/repos/", want: true },
  { name: "not beside", pattern: "/repos/**", path: "/repository", want: false },
  { name: "any depth inside", pattern: "/a/**/z", path: "/a/b/c/z", want: true },
  { name: "no depth inside", pattern: "/a/**/z", path: "/a/z", want: true },
  { name: "two depths", pattern: "/**/b/**/d", path: "/a/b/b/c/d", want: true },
  { name: "everything", pattern: "/**", path: "/", want: true },
])("D18 matchesPath() compares $name", ({ pattern, path, want }) => {
  expect(matches(pattern, path)).toBe(want);
});

test.each([
  { name: "an encoded slash", path: "/a%2fb" },
  { name: "an encoded backslash", path: "/a%5Cb" },
  { name: "double encoding", path: "/%252e%252e/admin" },
  { name: "an encoded NUL", path: "/a%00" },
  { name: "an encoded line break", path: "/a%0d%0a" },
  { name: "bytes that are not UTF-8", path: "/%ff" },
  { name: "an overlong slash", path: "/a%c0%afb" },
  { name: "half an escape", path: "/a%2" },
  { name: "an empty segment", path: "/a//b" },
  { name: "a leading empty segment", path: "//admin" },
  { name: "a path parameter", path: "/a/..;/b" },
  { name: "an encoded semicolon", path: "/a%3bb" },
  { name: "a dot segment nobody resolved", path: "/a/../b" },
])("D18 readPath() refuses $name", ({ path }) => {
  expect(readPath(path)).toHaveProperty("problem");
});

test.each([
  "",
  "a",
  "*",
  "a/**",
  "/a//b",
  "/a/../b",
  "/./a",
  "/a**",
  "/a?b",
  "/a#b",
  "/%61",
  "/a;b",
  "/a\nb",
  "/a\\b",
])("D18 readPathPattern() refuses %p", (text) => {
  expect(readPathPattern(text)).toHaveProperty("problem");
});

test("matchesPath() takes no time for a hostile path", () => {
  const started = performance.now();
  expect(matches(`/${"*a".repeat(30)}b`, `/${"a".repeat(8000)}`)).toBe(false);
  expect(matches(`/${"**/a/".repeat(30)}b`, `/${"a/".repeat(4000)}c`)).toBe(false);
  expect(performance.now() - started).toBeLessThan(1000);
});
