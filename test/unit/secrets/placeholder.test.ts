import { expect, test } from "bun:test";
import { secretNames, withValues } from "../../../lib/secrets/placeholder.ts";

test("secretNames() returns well-written references, in order and without repeats", () => {
  const text = "a {{secret:b}} {{secret:c-d_e.f}} {{secret: g}} {{secret:b}}";
  expect(secretNames(text)).toEqual(["b", "c-d_e.f"]);
});

test("withValues() puts values in literally, and nothing into values", () => {
  const values = new Map([
    ["a", "$& {{secret:b}}"],
    ["b", "two"],
  ]);
  expect(withValues("x {{secret:a}}-{{secret:b}} {{secret: a}}", values, "plain")).toBe(
    "x $& {{secret:b}}-two {{secret: a}}",
  );
});
