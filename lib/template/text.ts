import type { Evaluation } from "./evaluation.ts";
import { type Dict, Entity, isDict, keysOf, numberText, ownValue, plain } from "./values.ts";

/** How JSON is written: as a value in a text, or as the filter `tojson` does. */
export interface JsonStyle {
  /** Sorted keys, spaces after commas and colons, everything beyond ASCII and HTML escaped. */
  readonly isJinja: boolean;
  /** Spaces of each level, or undefined for one line. */
  readonly indent?: number | undefined;
}

const COMPACT: JsonStyle = { isJinja: false };
const HTML_UNSAFE = /[<>&']|[^ -~]/g;

/**
 * Returns `value` as text: `true` and `false`, nothing for none, lists and maps as compact JSON.
 *
 * @throws {WeirError} TEMPLATE_UNDEFINED, TEMPLATE_TYPE for a function, TEMPLATE_BUDGET
 */
export function textOf(state: Evaluation, given: unknown): string {
  if (typeof given === "string") return given;
  const value = plain(state.present(given));
  if (typeof value === "string") return value;
  if (typeof value === "number") return numberText(value);
  if (typeof value === "boolean") return value ? "true" : "false";
  return value === null ? "" : jsonOf(state, value, COMPACT);
}

/**
 * Returns `value` as JSON.
 *
 * @throws {WeirError} TEMPLATE_UNDEFINED, TEMPLATE_TYPE for what JSON has not, TEMPLATE_BUDGET
 */
export function jsonOf(state: Evaluation, value: unknown, style: JsonStyle): string {
  const writer = new JsonWriter(state, style);
  writer.write(value, 0);
  return writer.text;
}

class JsonWriter {
  readonly #state: Evaluation;
  readonly #style: JsonStyle;
  readonly #colon: string;
  readonly #comma: string;
  text = "";

  constructor(state: Evaluation, style: JsonStyle) {
    this.#state = state;
    this.#style = style;
    this.#colon = style.isJinja ? ": " : ":";
    this.#comma = style.indent !== undefined ? "," : style.isJinja ? ", " : ",";
  }

  write(given: unknown, depth: number): void {
    const value = plain(this.#state.current(this.#state.present(given)));
    this.#state.charge(1);
    if (typeof value === "string") return this.#string(value);
    if (value === null || typeof value === "boolean") return this.#add(String(value));
    if (typeof value === "number") return this.#number(value);
    if (depth >= this.#state.limits.dataDepth) throw tooDeep(this.#state);
    if (Array.isArray(value)) return this.#list(value, depth);
    if (isDict(value)) return this.#dict(value, depth);
    const label = value instanceof Entity ? `A ${value.label}` : "An object of this class";
    throw this.#state.typeError(`${label} has no text form`, "Call it with (), or print a field");
  }

  #add(text: string): void {
    this.text += text;
    if (this.text.length > this.#state.limits.outputCapBytes)
      this.#state.chargeText(this.text.length);
  }

  #string(value: string): void {
    this.#state.chargeText(value.length);
    const json = JSON.stringify(value);
    this.#add(this.#style.isJinja ? json.replace(HTML_UNSAFE, escapeUnit) : json);
  }

  #number(value: number): void {
    if (!Number.isFinite(value))
      throw this.#state.typeError("The number is not finite, which JSON cannot say");
    this.#add(numberText(value));
  }

  #list(items: readonly unknown[], depth: number): void {
    this.#add("[");
    items.forEach((item, at) => {
      this.#separate(at, depth);
      this.write(item, depth + 1);
    });
    this.#close("]", items.length, depth);
  }

  #dict(dict: Dict, depth: number): void {
    const keys = keysOf(dict);
    this.#add("{");
    const ordered = this.#style.isJinja ? keys.toSorted() : keys;
    ordered.forEach((key, at) => {
      this.#separate(at, depth);
      this.#string(key);
      this.#add(this.#colon);
      this.write(ownValue(dict, key), depth + 1);
    });
    this.#close("}", keys.length, depth);
  }

  #separate(at: number, depth: number): void {
    if (at > 0) this.#add(this.#comma);
    this.#newline(depth + 1);
  }

  #close(bracket: string, count: number, depth: number): void {
    if (count > 0) this.#newline(depth);
    this.#add(bracket);
  }

  #newline(depth: number): void {
    const { indent } = this.#style;
    if (indent === undefined) return;
    this.#state.chargeText(indent * depth);
    this.#add(`\n${" ".repeat(indent * depth)}`);
  }
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function tooDeep(state: Evaluation): Error {
  const limit = state.limits.dataDepth;
  return state.fail("TEMPLATE_BUDGET", `The value nests deeper than ${limit} levels`, {
    hint: "Use a part of it",
  });
}

/**
 * Returns `value` as the caller of an evaluation may hold it: no Undefined, no function in it.
 *
 * What comes from the context is handed out as it is, without a copy, unless the template changed
 * or made a part of it that must be looked through.
 */
export function nativeOf(state: Evaluation, given: unknown): unknown {
  const value = plain(state.present(given));
  const isWhole = !state.hasCopies && !state.mustSettle && !(value instanceof Entity);
  return isWhole ? value : settled(state, value, 0);
}

function settled(state: Evaluation, given: unknown, depth: number): unknown {
  const value = plain(state.current(state.present(given)));
  if (typeof value !== "object" || value === null) return value;
  state.charge(1);
  if (value instanceof Entity)
    throw state.typeError(`A ${value.label} is not a value`, "Call it with ()");
  if (depth >= state.limits.dataDepth) throw tooDeep(state);
  if (Array.isArray(value)) return settledList(state, value, depth);
  return isDict(value) ? settledDict(state, value, depth) : value;
}

function settledList(state: Evaluation, list: readonly unknown[], depth: number): unknown {
  const items = list.map((item) => settled(state, item, depth + 1));
  return items.every((item, at) => item === list[at]) ? list : items;
}

function settledDict(state: Evaluation, dict: Dict, depth: number): unknown {
  const entries = keysOf(dict).map((key) => {
    const before = ownValue(dict, key);
    const after = settled(state, before, depth + 1);
    return { key, after, isSame: before === after };
  });
  if (entries.every(({ isSame }) => isSame)) return dict;
  return Object.fromEntries(entries.map(({ key, after }) => [key, after]));
}
