import { parseDuration } from "../base/duration.ts";
import { WeirError } from "../base/errors.ts";
import { isDict, kindOf, numberText } from "../template/values.ts";
import type { Reading } from "./setting.ts";

/** Returns what kind of value something is, with its article, as messages name it. */
export function kindName(value: unknown): string {
  const kind = kindOf(value);
  return kind === "none" || kind === "undefined" ? "empty" : `a ${kind}`;
}

/** Says whether `value` is a map of the file or of JSON. */
export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return isDict(value) && !(value instanceof Map);
}

/** Returns the text of a text, number or boolean; undefined for anything else. */
export function scalarText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "number" && Number.isFinite(value)) return numberText(value);
  return typeof value === "boolean" ? String(value) : undefined;
}

/** Returns a reader of true and false. */
export function flagOf(key: string): (value: unknown) => Reading<boolean> {
  return (value) =>
    typeof value === "boolean"
      ? { value }
      : { wrong: `${key} is ${kindName(value)}`, hint: `Write ${key} as true or false` };
}

/** Returns a reader of whole numbers of at least `least`; a text of digits, as templates give, is one. */
export function countOf(key: string, least: number): (value: unknown) => Reading<number> {
  return (value) => {
    const count = wholeNumber(value);
    if (count !== undefined && count >= least) return { value: count };
    const shown = count === undefined ? kindName(value) : String(count);
    return { wrong: `${key} is ${shown}`, hint: `Write ${key} as a whole number from ${least} on` };
  };
}

/** Returns a reader of numbers above zero. */
export function positiveOf(key: string): (value: unknown) => Reading<number> {
  return (value) =>
    typeof value === "number" && Number.isFinite(value) && value > 0
      ? { value }
      : {
          wrong: `${key} is ${typeof value === "number" ? numberText(value) : kindName(value)}`,
          hint: `Write ${key} as a number above 0`,
        };
}

/** Returns a reader of durations: seconds as a number, or a text such as "1m30s". Milliseconds. */
export function durationOf(key: string): (value: unknown) => Reading<number> {
  return (value) => {
    const hint = `Write ${key} as seconds, or with a unit such as 500ms or 1m30s`;
    if (typeof value !== "number" && typeof value !== "string") {
      return { wrong: `${key} is ${kindName(value)}`, hint };
    }
    try {
      const ms = parseDuration(value, "PIPELINE_INVALID");
      return ms > 0
        ? { value: ms }
        : { wrong: `${key} is 0`, hint: `Leave ${key} out for no bound` };
    } catch (error) {
      if (!(error instanceof WeirError)) throw error;
      return { wrong: `${key} is wrong: ${error.message}`, hint };
    }
  };
}

/** Returns a reader of one word out of several. */
export function wordOf<T extends string>(
  key: string,
  words: readonly T[],
): (value: unknown) => Reading<T> {
  return (value) => {
    const found = words.find((word) => word === value);
    if (found !== undefined) return { value: found };
    const shown = typeof value === "string" ? JSON.stringify(value.slice(0, 40)) : kindName(value);
    return { wrong: `${key} is ${shown}`, hint: `Write one of ${words.join(", ")}` };
  };
}

/** Returns a whole number, also one that stands in a text; undefined for anything else. */
export function wholeNumber(value: unknown): number | undefined {
  const number =
    typeof value === "string" && /^\d{1,16}$/.test(value.trim()) ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) ? number : undefined;
}
