import { expect, test } from "bun:test";
import { mergeWorkload } from "../../../lib/pipeline/index.ts";

test.each([
  { name: "what is given wins", defaults: { a: 1 }, given: { a: 2 }, want: { a: 2 } },
  {
    name: "maps are merged key by key, however deep",
    defaults: { api: { url: "x", auth: { user: "u", realm: "r" } } },
    given: { api: { auth: { user: "v" } } },
    want: { api: { url: "x", auth: { user: "v", realm: "r" } } },
  },
  {
    name: "a list takes the place of a list",
    defaults: { ids: [1, 2, 3] },
    given: { ids: [4] },
    want: { ids: [4] },
  },
  {
    name: "a value takes the place of a map, and a map that of a value",
    defaults: { a: { b: 1 }, c: 2 },
    given: { a: 1, c: { d: 3 } },
    want: { a: 1, c: { d: 3 } },
  },
  { name: "none is a value", defaults: { a: { b: 1 } }, given: { a: null }, want: { a: null } },
  { name: "keys are added", defaults: { a: 1 }, given: { b: 2 }, want: { a: 1, b: 2 } },
])("NO6 mergeWorkload() $name", ({ defaults, given, want }) => {
  const before = structuredClone(defaults);
  expect(mergeWorkload(defaults, given)).toEqual(want);
  expect(defaults).toEqual(before);
});

test("NO6 mergeWorkload() takes __proto__ for a name like any other", () => {
  // An object literal would set the prototype.
  const given = JSON.parse('{"__proto__": {"isAdmin": true}, "a": {"__proto__": {"b": 1}}}');
  const merged = mergeWorkload({ a: { c: 2 } }, given);
  expect(merged["isAdmin"]).toBeUndefined();
  expect(Object.getPrototypeOf(merged)).toBe(Object.prototype);
  expect(({} as Record<string, unknown>)["isAdmin"]).toBeUndefined();
  expect(JSON.stringify(merged)).toBe(
    '{"a":{"c":2,"__proto__":{"b":1}},"__proto__":{"isAdmin":true}}',
  );
});
