import { expect, test } from "bun:test";
import { codeOf } from "../../../lib/base/errors.ts";
import { formatSize, parseSize } from "../../../lib/base/sizes.ts";

test.each([
  { name: "a number as bytes", input: 123, want: 123 },
  { name: "zero", input: 0, want: 0 },
  { name: "digits as bytes", input: "123", want: 123 },
  { name: "bytes by name", input: "5B", want: 5 },
  { name: "powers of 1000", input: "100MB", want: 100_000_000 },
  { name: "powers of 1024", input: "1MiB", want: 1_048_576 },
  { name: "units in lower case", input: "2kb", want: 2000 },
  { name: "a fraction that is whole bytes", input: "1.5kB", want: 1500 },
  { name: "what formatSize() wrote", input: "1.5 MB", want: 1_500_000 },
  { name: "a terabyte", input: "1TiB", want: 1024 ** 4 },
])("parseSize() reads $name", ({ input, want }) => {
  expect(parseSize(input, "USAGE_BAD_VALUE")).toBe(want);
});

test.each([
  { name: "nothing", input: "" },
  { name: "a unit alone", input: "MB" },
  { name: "a lone letter, on which programs disagree", input: "10M" },
  { name: "an unknown unit", input: "1x" },
  { name: "a name of Object.prototype as unit", input: "1constructor" },
  { name: "two spaces", input: "1  MB" },
  { name: "a negative size", input: "-1" },
  { name: "a negative number", input: -1 },
  { name: "a fraction of a byte", input: 0.5 },
  { name: "NaN", input: Number.NaN },
  { name: "infinity", input: Infinity },
  { name: "more than can be counted", input: "10000TiB" },
  { name: "a trailing line break", input: "1MB\n" },
])("parseSize() refuses $name with the code of the caller", ({ input }) => {
  let error: unknown;
  try {
    parseSize(input, "CONFIG_INVALID");
  } catch (caught) {
    error = caught;
  }
  expect(codeOf(error)).toBe("CONFIG_INVALID");
});

test.each([
  { bytes: 0, want: "0 B" },
  { bytes: 999, want: "999 B" },
  { bytes: 1000, want: "1 kB" },
  { bytes: 1550, want: "1.6 kB" },
  { bytes: 999_949, want: "999.9 kB" },
  { bytes: 999_950, want: "1 MB" },
  { bytes: 100_000_000, want: "100 MB" },
  { bytes: 2_500_000_000_000_000, want: "2500 TB" },
])("formatSize() writes $bytes as $want", ({ bytes, want }) => {
  expect(formatSize(bytes)).toBe(want);
});
