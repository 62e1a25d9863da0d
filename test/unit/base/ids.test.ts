import { expect, test } from "bun:test";
import fc from "fast-check";
import { newId } from "../../../lib/base/ids.ts";

const zeros = (count: number): Uint8Array => new Uint8Array(count);
const at = (ms: number) => ({ now: () => ms });

test("newId() writes the time of the ULID specification's example", () => {
  expect(newId(at(1_469_918_176_385), zeros)).toBe("01ARYZ6S410000000000000000");
});

test("newId() writes 80 random bits from the highest to the lowest", () => {
  const random = (count: number): Uint8Array => Uint8Array.from({ length: count }, (_, i) => i + 1);
  const id = newId(at(0), random);
  const digits = Array.from(id.slice(10), (one) => "0123456789ABCDEFGHJKMNPQRSTVWXYZ".indexOf(one));
  const value = digits.reduce((sum, digit) => sum * 32n + BigInt(digit), 0n);
  expect(value).toBe(0x0102030405060708090an);
});

test("newId() sorts by the millisecond", () => {
  const random = (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count));
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 47 }), fc.nat({ max: 2 ** 47 }), (a, b) => {
      fc.pre(a !== b);
      expect(newId(at(a), random) < newId(at(b), random)).toBe(a < b);
    }),
  );
});

test("newId() keeps its form for a clock before 1970 and fractions", () => {
  expect(newId(at(-5), zeros)).toBe("0".repeat(26));
  expect(newId(at(1.75), zeros)).toBe(`${"0".repeat(9)}1${"0".repeat(16)}`);
});
