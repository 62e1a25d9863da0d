import { isToken } from "../../../http/headers.ts";
import type { FormPair } from "../../../http/form.ts";
import { isMap, kindName, scalarText } from "../../readings.ts";
import type { Reading } from "../../setting.ts";

/** Header lines of a task, and the names of those it wants left out. */
export interface HeaderFields {
  readonly lines: readonly FormPair[];
  /** In lower case. */
  readonly unset: readonly string[];
}

/** Reads `headers`: a list repeats its name, an empty value leaves the header out. */
export function readHeaderFields(value: unknown): Reading<HeaderFields> {
  if (value === null) return { value: { lines: [], unset: [] } };
  if (!isMap(value)) return notAMap("headers", value);
  const lines: FormPair[] = [];
  const unset: string[] = [];
  for (const [name, field] of Object.entries(value)) {
    if (!isToken(name)) {
      return {
        wrong: `Header name ${JSON.stringify(name.slice(0, 80))} is not a token`,
        hint: "A header name holds letters, digits and !#$%&'*+-.^_`|~ only",
      };
    }
    const texts = textsOf(field);
    if (texts === undefined) return notAText(`headers.${name}`, field);
    // What a YAML block or a template leaves around a value is no part of it.
    lines.push(
      ...texts.map((text): FormPair => [name, text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "")]),
    );
    if (texts.length === 0) unset.push(name.toLowerCase());
  }
  return { value: { lines, unset } };
}

/** Returns a reader of `params` and `form`: a list repeats its name, what is empty is left out. */
export function pairsOf(key: string): (value: unknown) => Reading<readonly FormPair[]> {
  return (value) => {
    if (value === null) return { value: [] };
    if (!isMap(value)) return notAMap(key, value);
    const pairs: FormPair[] = [];
    for (const [name, field] of Object.entries(value)) {
      const texts = textsOf(field);
      if (texts === undefined) return notAText(`${key}.${name}`, field);
      pairs.push(...texts.map((text): FormPair => [name, text]));
    }
    return { value: pairs };
  };
}

/** Returns the texts of a field, none when it is empty; undefined for what is no text. */
function textsOf(field: unknown): readonly string[] | undefined {
  const items: readonly unknown[] = Array.isArray(field) ? field : [field];
  const texts = items.filter((item) => item !== null).map(scalarText);
  const isWhole = texts.every((text) => text !== undefined);
  return isWhole ? texts.filter((text) => text !== undefined) : undefined;
}

function notAMap(key: string, value: unknown): Reading<never> {
  return {
    wrong: `${key} is ${kindName(value)}`,
    hint: `Write ${key} as a map of names to values`,
  };
}

function notAText(key: string, field: unknown): Reading<never> {
  const what = Array.isArray(field) ? "a list that holds more than texts" : kindName(field);
  return {
    wrong: `${key} is ${what}`,
    hint: "Write a text, a number, true, false, or a list of those; `| tojson` makes a text of the rest",
  };
}
