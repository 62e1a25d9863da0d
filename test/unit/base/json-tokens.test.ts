import { expect, test } from "bun:test";
import { WeirError } from "../../../lib/base/errors.ts";
import { tokenizeJson } from "../../../lib/base/json-tokens.ts";

test("tokenizeJson() keeps the text of every token", () => {
  const text = ' {"a\\u0041": [1.0, -1e400, 9007199254740993, true]} ';
  expect([...tokenizeJson(text)].map((token) => token.text)).toEqual([
    "{",
    '"a\\u0041"',
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

test.each([
  { name: "a leading zero is two numbers", text: "012", want: ["0", "12"] },
  { name: "nothing is nothing", text: " \n", want: [] },
])("tokenizeJson() $name", ({ text, want }) => {
  expect([...tokenizeJson(text)].map((token) => token.text)).toEqual(want);
});

test.each([
  { name: "a bare word", text: '{"a":\n  oops}', line: 2, column: 3 },
  { name: "a raw line break in a string", text: '"a\nb"', line: 1, column: 1 },
  { name: "a string that does not end", text: '["x', line: 1, column: 2 },
  { name: "NaN", text: "NaN", line: 1, column: 1 },
])("tokenizeJson() refuses $name with its place", ({ text, line, column }) => {
  try {
    [...tokenizeJson(text)];
    throw new Error("accepted");
  } catch (error) {
    expect(error).toBeInstanceOf(WeirError);
    expect((error as WeirError).details).toMatchObject({ line, column });
  }
});
