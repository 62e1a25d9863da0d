import { WeirError } from "../lib/base/errors.ts";
import { nearestName } from "../lib/base/nearest.ts";
import { configKey, FLAGS, Flags, type FlagValue } from "./flags.ts";
import type { FlagSpec } from "./flags/spec.ts";
import { checkValue } from "./tokenizer.ts";

/** Flags that `[defaults]` of the configuration may set, by key. */
export const CONFIGURABLE: ReadonlyMap<string, FlagSpec> = new Map(
  FLAGS.filter((flag) => flag.isConfigurable !== false).map((flag) => [configKey(flag), flag]),
);

/**
 * Returns the flags that the section `[defaults]` sets; lay the typed ones over them.
 *
 * @throws {WeirError} CONFIG_UNKNOWN_KEY or CONFIG_INVALID, naming the key
 */
export function flagsFromDefaults(section: Readonly<Record<string, unknown>>): Flags {
  const entries = Object.entries(section).map(([key, value]) => {
    const flag = CONFIGURABLE.get(key);
    if (flag === undefined) throw unknownKey(key);
    return [flag.name, readValue(flag, key, value)] as const;
  });
  return new Flags(new Map<string, FlagValue>(entries));
}

function readValue(flag: FlagSpec, key: string, value: unknown): FlagValue {
  switch (flag.kind) {
    case "boolean":
      if (typeof value === "boolean") return value;
      throw invalid(key, "true or false");
    case "count":
      if (Number.isInteger(value) && Number(value) >= 0) return Number(value);
      throw invalid(key, "a whole number");
    case "list":
      if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
      throw invalid(key, "a list of strings");
    case "value": {
      // A bare number is seconds, bytes or a count, as it is on the command line.
      const isNumeric =
        flag.shape === "integer" || flag.shape === "duration" || flag.shape === "size";
      const text = isNumeric && typeof value === "number" ? String(value) : value;
      if (typeof text !== "string")
        throw invalid(key, isNumeric ? "a number or string" : "a string");
      checkValue(flag, text, "CONFIG_INVALID");
      return text;
    }
  }
}

function unknownKey(key: string): WeirError {
  const near = nearestName(key.slice(0, 64), CONFIGURABLE.keys());
  return new WeirError("CONFIG_UNKNOWN_KEY", `Key ${key} does not exist in [defaults]`, {
    hint:
      near === undefined
        ? "weir help config says which flags can stand there"
        : `Did you mean ${near}?`,
    details: { key },
  });
}

function invalid(key: string, wanted: string): WeirError {
  return new WeirError("CONFIG_INVALID", `Key ${key} of [defaults] must be ${wanted}`, {
    hint: "weir help config shows how flags are written there",
    details: { key },
  });
}
