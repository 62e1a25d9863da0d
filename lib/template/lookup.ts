import type { Expression } from "./ast.ts";
import type { Evaluation } from "./evaluation.ts";
import {
  characterIn,
  charactersOf,
  Entity,
  FieldedText,
  isDict,
  keysOf,
  keyText,
  kindOf,
  ownValue,
  plain,
  Undefined,
} from "./values.ts";

/** Returns field `name` of `object`, or undefined: own keys only, methods are not fields. */
export function fieldOf(state: Evaluation, object: unknown, name: string): unknown {
  if (object instanceof Entity) return object.field(name);
  if (object instanceof FieldedText) return ownValue(object.fields, name);
  if (isDict(object)) return state.current(ownValue(object, name));
  if (!Array.isArray(object) || !state.isGroup(object)) return undefined;
  if (name === "grouper") return object[0];
  return name === "list" ? object[1] : undefined;
}

/** Returns what `object[index]` is, or undefined; a negative index counts from the end. */
export function itemAt(state: Evaluation, object: unknown, index: unknown): unknown {
  if (typeof index === "string") return fieldOf(state, object, index);
  if (isDict(object)) {
    const key = keyText(index);
    return key === undefined ? undefined : state.current(ownValue(object, key));
  }
  const at = typeof index === "boolean" ? Number(index) : index;
  if (typeof at !== "number" || !Number.isInteger(at)) return undefined;
  const text = plain(object);
  if (typeof text === "string") return characterAt(state, text, at);
  if (!Array.isArray(object)) return undefined;
  const item: unknown = object[at < 0 ? object.length + at : at];
  return item === undefined ? undefined : state.current(item);
}

function characterAt(state: Evaluation, text: string, at: number): string | undefined {
  state.charge(text.length / 16);
  return characterIn(text, at);
}

/** Returns field `name` of `object` as the expression `node` sees it: missing becomes Undefined. */
export function getField(
  state: Evaluation,
  object: unknown,
  name: string,
  node: Expression,
): unknown {
  const value = fieldOf(state, object, name);
  return value === undefined ? absent(state, object, node) : value;
}

/** Returns item `index` of `object` as the expression `node` sees it: missing becomes Undefined. */
export function getItem(
  state: Evaluation,
  object: unknown,
  index: unknown,
  node: Expression,
): unknown {
  const value = itemAt(state, object, index);
  return value === undefined ? absent(state, object, node) : value;
}

/** Nothing can be looked up in what is missing itself. */
function absent(state: Evaluation, object: unknown, node: Expression): Undefined {
  if (object instanceof Undefined) throw state.undefinedError(object);
  return new Undefined(node, { owner: object });
}

/**
 * Returns the items of a list, the characters of a text or the keys of a map.
 *
 * @throws {WeirError} TEMPLATE_TYPE for anything else; the items are paid for with steps
 */
export function itemsOf(state: Evaluation, value: unknown, what = "This"): readonly unknown[] {
  const present = plain(value instanceof Undefined ? state.present(value) : value);
  if (Array.isArray(present)) {
    state.charge(1 + present.length);
    return state.hasCopies ? present.map((item) => state.current(item)) : present;
  }
  if (typeof present === "string") {
    state.charge(1 + present.length);
    return charactersOf(present);
  }
  if (isDict(present)) {
    const keys = keysOf(present);
    // Asking for the keys of an object costs more than walking a list.
    state.charge(1 + keys.length * 4);
    return keys;
  }
  if (value instanceof Undefined) return [];
  throw state.typeError(`${what} is ${describe(present)}, which has no items`, "Use a list or map");
}

/** Returns "a number", "none" and so on. */
export function describe(value: unknown): string {
  const kind = kindName(value);
  return kind === "none" || kind === "undefined" ? kind : `a ${kind}`;
}

function kindName(value: unknown): string {
  return value instanceof Entity ? value.label : kindOf(value);
}

/** Returns the bounds of a Python slice over `length` items as the indexes it visits. */
export function sliceIndexes(
  length: number,
  bounds: readonly (number | undefined)[],
): readonly number[] {
  const step = bounds[2] ?? 1;
  const clamp = (value: number, low: number, high: number): number =>
    Math.min(Math.max(value < 0 ? value + length : value, low), high);
  const low = step > 0 ? 0 : -1;
  const high = step > 0 ? length : length - 1;
  const from = bounds[0] === undefined ? (step > 0 ? low : high) : clamp(bounds[0], low, high);
  const to = bounds[1] === undefined ? (step > 0 ? high : low) : clamp(bounds[1], low, high);
  const indexes: number[] = [];
  for (let at = from; step > 0 ? at < to : at > to; at += step) indexes.push(at);
  return indexes;
}

/**
 * Returns a part of a list or text.
 *
 * @throws {WeirError} TEMPLATE_TYPE when a bound is no whole number or the value cannot be sliced
 */
export function sliceOf(state: Evaluation, value: unknown, bounds: readonly unknown[]): unknown {
  const object = plain(state.present(value));
  const whole = bounds.map((bound) => sliceBound(state, bound));
  if (whole[2] === 0) throw state.typeError("The step of a slice is 0", "Use 1 or -1");
  if (typeof object !== "string" && !Array.isArray(object))
    throw state.typeError(`Cannot take a part of ${describe(object)}`, "Slice a list or a text");
  const items = typeof object === "string" ? charactersOf(object) : itemsOf(state, object);
  if (typeof object === "string") state.chargeText(object.length);
  const picked = sliceIndexes(items.length, whole).map((at) => items[at]);
  return typeof object === "string" ? picked.join("") : state.own(picked);
}

function sliceBound(state: Evaluation, bound: unknown): number | undefined {
  if (bound === undefined || bound === null) return undefined;
  if (typeof bound === "number" && Number.isInteger(bound)) return bound;
  throw state.typeError(`A slice needs whole numbers, not ${describe(bound)}`);
}
