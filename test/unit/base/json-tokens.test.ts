import { expect, test } from "bun:test";
import { WeirError } from "../../../lib/base/errors.ts";
import { tokenizeJson } from "../../../lib/base/json-tokens.ts";

function texts(json: string): string[] {
  return [...tokenizeJson(json)].map((token) => token.text);
}

test("tokenizeJson() keeps the text of every token", () => {
  expect(texts(' {"a\\u0041\\\\": [1.0, -1e400, 9007199254740993, true]} ')).toEqual([
    "{",
    '"a\\u0041\\\\"',
    ":",
    "[",
    "1.0",
    ",",
    "-1e400",
    ",",
    "9007199254740993",
    ",",
    "true",
    "]",
    "}",
  ]);
});

test("tokenizeJson() reads a string of 20 million characters", () => {
  expect(texts(`["${"a".repeat(20_000_000)}"]`)).toHaveLength(3);
});

test.each([
  { name: "a bare word", text: '{"a":\n  oops}', line: 2, column: 3 },
  { name: "a raw line break in a string", text: '"a\nb"', line: 1, column: 3 },
  { name: "a string that does not end", text: '["x', line: 1, column: 2 },
  { name: "a string that ends in an escaped quote", text: '"x\\"', line: 1, column: 1 },
  { name: "an unknown escape", text: '"ab\\x"', line: 1, column: 4 },
  { name: "NaN", text: "NaN", line: 1, column: 1 },
])("tokenizeJson() refuses $name with its place", ({ text, line, column }) => {
  expect(() => texts(text)).toThrow(WeirError);
  try {
    texts(text);
  } catch (error) {
    expect(error).toMatchObject({ code: "DATA_BAD_JSON", details: { line, column } });
  }
});
