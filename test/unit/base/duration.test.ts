import { expect, test } from "bun:test";
import fc from "fast-check";
import { formatDuration, parseDuration } from "../../../lib/base/duration.ts";
import { codeOf, WeirError } from "../../../lib/base/errors.ts";

test.each([
  { name: "seconds", input: "30s", want: 30_000 },
  { name: "milliseconds", input: "500ms", want: 500 },
  { name: "minutes and seconds", input: "1m30s", want: 90_000 },
  { name: "minutes and milliseconds without seconds", input: "1m5ms", want: 60_005 },
  { name: "every unit", input: "1d2h3m4s5ms", want: 93_784_005 },
  { name: "a fraction of an hour", input: "1.5h", want: 5_400_000 },
  { name: "a number in a text as seconds", input: "0.4", want: 400 },
  { name: "a number without a leading zero", input: ".5", want: 500 },
  { name: "a number as seconds", input: 2.5, want: 2500 },
  { name: "zero", input: "0", want: 0 },
  { name: "zero with a unit", input: "0s", want: 0 },
  { name: "a float that binary cannot hold", input: "1.1", want: 1100 },
  { name: "less than a millisecond as one, because 0 may mean no limit", input: "0.0001", want: 1 },
])("parseDuration() reads $name", ({ input, want }) => {
  expect(parseDuration(input, "USAGE_BAD_VALUE")).toBe(want);
});

test.each([
  { name: "nothing", input: "" },
  { name: "a space", input: " " },
  { name: "a space before the unit", input: "30 s" },
  { name: "an unknown unit", input: "1x" },
  { name: "a unit alone", input: "s" },
  { name: "a unit in upper case, which could mean another", input: "1M" },
  { name: "units in rising order", input: "30s1m" },
  { name: "a unit twice", input: "1m1m" },
  { name: "a number after a unit", input: "1m30" },
  { name: "a negative number", input: "-5s" },
  { name: "a plus sign", input: "+5s" },
  { name: "an exponent", input: "1e3" },
  { name: "a hexadecimal number", input: "0x10" },
  { name: "a trailing line break", input: "30s\n" },
  { name: "inf", input: "inf" },
  { name: "digits of another script", input: "٣s" },
  { name: "more than can be counted", input: "99999999999999d" },
  { name: "so many digits that they are infinite", input: `${"9".repeat(400)}s` },
  { name: "a negative bare number", input: -1 },
  { name: "NaN", input: Number.NaN },
  { name: "infinity", input: Infinity },
  { name: "a bare number that is too large", input: 1e300 },
])("parseDuration() refuses $name with the code of the caller", ({ input }) => {
  let error: unknown;
  try {
    parseDuration(input, "USAGE_BAD_VALUE");
  } catch (caught) {
    error = caught;
  }
  expect(error).toBeInstanceOf(WeirError);
  expect(codeOf(error)).toBe("USAGE_BAD_VALUE");
  // A pasted megabyte must not become the message.
  expect(String(error).length).toBeLessThan(100);
});

test.each([
  { ms: 0, want: "0s" },
  { ms: 0.2, want: "1ms" },
  { ms: 400, want: "400ms" },
  { ms: 1500, want: "1.5s" },
  { ms: 90_000, want: "1m30s" },
  { ms: 7_200_000, want: "2h" },
  { ms: 86_400_250, want: "1d0.25s" },
])("formatDuration() writes $ms ms as $want", ({ ms, want }) => {
  expect(formatDuration(ms)).toBe(want);
});

test("parseDuration() reads every whole number of milliseconds back", () => {
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 47 }), (ms) => {
      expect(parseDuration(formatDuration(ms), "INTERNAL")).toBe(ms);
    }),
  );
});
