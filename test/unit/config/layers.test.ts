import { expect, test } from "bun:test";
import { mergeLayers } from "../../../lib/config/layers.ts";

interface Flags {
  readonly timeout: string;
  readonly header: readonly string[];
  readonly follow: boolean;
}

const layers = [
  { values: { timeout: "0", follow: false }, origin: () => "the default" },
  { values: { timeout: "30s", header: ["a"] }, origin: (name: string) => `[defaults] ${name}` },
  { values: { timeout: undefined }, origin: (name: string) => `WEIR_${name.toUpperCase()}` },
  { values: { header: ["b"] }, origin: (name: string) => `--${name}` },
];

test("mergeLayers() lets the later layer win, lists too", () => {
  expect(mergeLayers<Flags>(layers).values).toEqual({
    timeout: "30s",
    follow: false,
    header: ["b"],
  });
});

test("mergeLayers() tells where each value was set", () => {
  const merged = mergeLayers<Flags>(layers);
  expect(merged.origin("timeout")).toBe("[defaults] timeout");
  expect(merged.origin("header")).toBe("--header");
  expect(merged.origin("follow")).toBe("the default");
  expect(mergeLayers<Flags>([]).origin("follow")).toBeUndefined();
});

test("mergeLayers() treats names of Object.prototype like any other", () => {
  const values = JSON.parse('{"__proto__": "1", "constructor": "2"}') as Record<string, string>;
  const merged = mergeLayers<Record<string, string>>([{ values, origin: () => "here" }]);
  expect(Object.entries(merged.values)).toEqual(Object.entries(values));
  expect(merged.origin("toString")).toBeUndefined();
});
