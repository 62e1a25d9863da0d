import { expect, test } from "bun:test";
import { JSON_DEPTH_LIMIT, parseJson, printJson } from "../../../lib/base/json-tree.ts";

test.each([
  { name: "a number digit for digit", text: "9007199254740993" },
  { name: "a number no double can hold", text: "1e400" },
  { name: "a fraction of zero", text: "1.0" },
  { name: "minus zero", text: "-0" },
  { name: "members in the order of the text", text: '{"b":1,"2":2,"1":3}' },
  { name: "members of one name", text: '{"a":1,"a":2}' },
  { name: "keys that objects inherit", text: '{"__proto__":{"x":1},"constructor":2,"toString":3}' },
  { name: "literals", text: "[true,false,null]" },
  { name: "empty values", text: '["",{},[]]' },
  { name: "text beyond ASCII", text: '"žluť 🐎"' },
])("printJson() keeps $name", ({ text }) => {
  expect(printJson(parseJson(text))).toBe(text);
});

test("printJson() leaves no white space", () => {
  expect(printJson(parseJson(' { "a" : [ 1 , 2 ] }\n'))).toBe('{"a":[1,2]}');
});

test("printJson() writes strings with the escapes they need", () => {
  expect(printJson({ kind: "string", value: 'a"\\\n\u0000' })).toBe('"a\\"\\\\\\n\\u0000"');
});

test("printJson() writes half a surrogate pair as an escape, not as a broken character", () => {
  expect(printJson(parseJson('"\\ud800"'))).toBe('"\\ud800"');
});

test.each([
  { name: "nothing", text: "", line: 1, column: 1 },
  { name: "an array that does not end", text: "[1,\n 2", line: 2, column: 3 },
  { name: "a comma before a bracket", text: "[1,]", line: 1, column: 4 },
  { name: "a comma before a brace", text: '{"a":1,}', line: 1, column: 8 },
  { name: "a key without quotes", text: "{a:1}", line: 1, column: 2 },
  { name: "a key that is a number", text: "{1:1}", line: 1, column: 2 },
  { name: "a key without a value", text: '{"a"}', line: 1, column: 5 },
  { name: "two values in a row", text: "[1 2]", line: 1, column: 4 },
  { name: "two members in a row", text: '{"a":1 "b":2}', line: 1, column: 8 },
  { name: "a bracket closed by a brace", text: "[1}", line: 1, column: 3 },
  { name: "text after the value", text: "{} {}", line: 1, column: 4 },
  { name: "a colon alone", text: ":", line: 1, column: 1 },
])("parseJson() refuses $name with its place", ({ text, line, column }) => {
  expect(() => parseJson(text)).toThrow(
    expect.objectContaining({
      code: "DATA_BAD_JSON",
      details: expect.objectContaining({ line, column }),
    }),
  );
});

test("parseJson() reads arrays nested up to the limit", () => {
  const text = `${"[".repeat(JSON_DEPTH_LIMIT)}${"]".repeat(JSON_DEPTH_LIMIT)}`;
  expect(printJson(parseJson(text))).toBe(text);
});

test.each([
  { name: "arrays", text: "[".repeat(100_000) },
  { name: "objects", text: '{"a":'.repeat(100_000) },
])("parseJson() refuses 100,000 nested $name before the stack runs out", ({ text }) => {
  expect(() => parseJson(text)).toThrow(expect.objectContaining({ code: "DATA_BAD_JSON" }));
});
