import type { ArithmeticOperator, CompareOperator } from "./ast.ts";
import type { Evaluation } from "./evaluation.ts";
import { printf } from "./format.ts";
import { describe, itemsOf } from "./lookup.ts";
import {
  hasKey,
  isDict,
  isEmpty,
  keysOf,
  keyText,
  ownValue,
  plain,
  setKey,
  Undefined,
} from "./values.ts";

/** Returns `value` as a number, true and false as 1 and 0, or undefined when it is none. */
function numberOf(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  return typeof value === "boolean" ? Number(value) : undefined;
}

/** Says whether `value` counts as true: none, false, 0, and empty texts, lists and maps do not. */
export function isTrue(state: Evaluation, given: unknown): boolean {
  if (typeof given === "boolean") return given;
  const value = plain(given instanceof Undefined ? state.present(given) : given);
  if (Array.isArray(value)) return value.length > 0;
  if (isDict(value)) return !isEmpty(value);
  return Boolean(value);
}

type NumberOperation = (state: Evaluation, left: number, right: number) => number;

const NUMBERS: Readonly<Record<ArithmeticOperator, NumberOperation>> = {
  "+": (_, left, right) => left + right,
  "-": (_, left, right) => left - right,
  "*": (_, left, right) => left * right,
  "/": (state, left, right) => left / divisor(state, right),
  "//": (state, left, right) => Math.floor(left / divisor(state, right)),
  "%": floorModulo,
  "**": power,
};

function divisor(state: Evaluation, right: number): number {
  if (right !== 0) return right;
  throw state.typeError("Division by zero", "Test the divisor first");
}

/** The result has the sign of the divisor, as in Python. */
function floorModulo(state: Evaluation, left: number, right: number): number {
  const rest = left % divisor(state, right);
  return rest !== 0 && rest < 0 !== right < 0 ? rest + right : rest;
}

function power(state: Evaluation, left: number, right: number): number {
  if (left === 0 && right < 0) throw state.typeError("Division by zero", "Test the base first");
  return left ** right;
}

/**
 * Returns `left operator right`.
 *
 * @throws {WeirError} TEMPLATE_TYPE when the kinds do not fit or the number is too large
 */
export function arithmetic(
  state: Evaluation,
  operator: ArithmeticOperator,
  first: unknown,
  second: unknown,
): unknown {
  const left = plain(state.present(first));
  const right = plain(state.present(second));
  const leftNumber = numberOf(left);
  const rightNumber = numberOf(right);
  if (leftNumber !== undefined && rightNumber !== undefined) {
    const result = NUMBERS[operator](state, leftNumber, rightNumber);
    if (Number.isFinite(result)) return result;
    throw state.typeError("The result is too large or no number", "Use smaller numbers");
  }
  const other = operateOnText(state, operator, left, right);
  if (other !== undefined) return other;
  throw state.typeError(
    `Operator ${operator} does not work with ${describe(left)} and ${describe(right)}`,
    operator === "+" ? 'Join texts with "~", turn texts into numbers with int or float' : undefined,
  );
}

function operateOnText(
  state: Evaluation,
  operator: ArithmeticOperator,
  left: unknown,
  right: unknown,
): unknown {
  if (operator === "+") return join(state, left, right);
  if (operator === "%" && typeof left === "string") return printf(state, left, right);
  if (operator !== "*") return undefined;
  const [value, count] = numberOf(left) === undefined ? [left, right] : [right, left];
  const times = numberOf(count);
  if (times === undefined || !Number.isInteger(times)) return undefined;
  if (typeof value === "string") return repeatText(state, value, times);
  return Array.isArray(value) ? repeatList(state, value, times) : undefined;
}

function join(state: Evaluation, left: unknown, right: unknown): unknown {
  if (typeof left === "string" && typeof right === "string") {
    state.chargeText(left.length + right.length);
    return left + right;
  }
  if (!Array.isArray(left) || !Array.isArray(right)) return undefined;
  state.chargeList(left.length + right.length);
  return state.own([...itemsOf(state, left), ...itemsOf(state, right)]);
}

/** Returns `text` so many times; the length is checked before any of it is made. */
export function repeatText(state: Evaluation, text: string, times: number): string {
  const count = Math.max(0, times);
  state.chargeText(text.length * count);
  return text.repeat(text === "" ? 0 : count);
}

function repeatList(state: Evaluation, list: readonly unknown[], times: number): unknown {
  const count = Math.max(0, list.length === 0 ? 0 : times);
  state.chargeList(list.length * count);
  return state.own(Array.from({ length: count }, () => list).flat());
}

/** Returns the negative or the number itself. */
export function signed(state: Evaluation, operator: "+" | "-", given: unknown): number {
  const value = numberOf(plain(state.present(given)));
  if (value === undefined)
    throw state.typeError(`Operator ${operator} does not work with ${describe(given)}`);
  return operator === "+" ? value : 0 - value;
}

/** Says whether two values are equal: by content, with true as 1, and never across kinds. */
export function isEqual(state: Evaluation, first: unknown, second: unknown, depth = 0): boolean {
  const left = plain(state.present(first));
  const right = plain(state.present(second));
  if (left === right) return true;
  const leftNumber = numberOf(left);
  if (leftNumber !== undefined) return leftNumber === numberOf(right);
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null)
    return typeof left === "string" && typeof right === "string" ? sameText(state, left) : false;
  if (depth >= state.limits.dataDepth)
    throw state.fail("TEMPLATE_BUDGET", "The values nest too deep to compare", {
      hint: "Compare parts of them",
    });
  if (Array.isArray(left)) return Array.isArray(right) && isSameList(state, left, right, depth);
  return isDict(left) && isDict(right) && isSameDict(state, left, right, depth);
}

/** Texts that are not identical are not equal; comparing them still took time. */
function sameText(state: Evaluation, left: string): false {
  state.charge(left.length / 100);
  return false;
}

function isSameList(
  state: Evaluation,
  left: readonly unknown[],
  right: readonly unknown[],
  depth: number,
): boolean {
  if (left.length !== right.length) return false;
  return left.every((item, at) => {
    state.charge(1);
    return isEqual(state, item, right[at], depth + 1);
  });
}

function isSameDict(
  state: Evaluation,
  left: Parameters<typeof keysOf>[0],
  right: Parameters<typeof keysOf>[0],
  depth: number,
): boolean {
  const keys = keysOf(left);
  state.charge(1 + keys.length);
  if (keys.length !== keysOf(right).length) return false;
  return keys.every(
    (key) =>
      hasKey(right, key) && isEqual(state, ownValue(left, key), ownValue(right, key), depth + 1),
  );
}

/**
 * Returns a negative number, 0 or a positive one as `first` comes before, with or after `second`.
 *
 * @throws {WeirError} TEMPLATE_TYPE unless both are numbers, texts or lists
 */
export function order(state: Evaluation, first: unknown, second: unknown, depth = 0): number {
  const left = plain(state.present(first));
  const right = plain(state.present(second));
  state.charge(1);
  const leftNumber = numberOf(left);
  const rightNumber = numberOf(right);
  if (leftNumber !== undefined && rightNumber !== undefined) return leftNumber - rightNumber;
  if (typeof left === "string" && typeof right === "string") {
    state.charge(Math.min(left.length, right.length) / 16);
    return left === right ? 0 : left < right ? -1 : 1;
  }
  if (Array.isArray(left) && Array.isArray(right) && depth < state.limits.dataDepth) {
    for (let at = 0; at < Math.min(left.length, right.length); at += 1) {
      if (isEqual(state, left[at], right[at], depth + 1)) continue;
      return order(state, left[at], right[at], depth + 1);
    }
    return left.length - right.length;
  }
  throw state.typeError(
    `Cannot order ${describe(left)} and ${describe(right)}`,
    "Order numbers with numbers and texts with texts; int and float turn texts into numbers",
  );
}

/**
 * Says whether `item` is in a list, a text in a text, or a key in a map.
 *
 * @throws {WeirError} TEMPLATE_TYPE when nothing can be in `container`
 */
function isIn(state: Evaluation, given: unknown, container: unknown): boolean {
  const item = plain(state.present(given));
  const within = plain(state.present(container));
  if (typeof within === "string") {
    if (typeof item !== "string")
      throw state.typeError(`Only a text can be in a text, not ${describe(item)}`);
    state.charge(within.length / 16);
    return within.includes(item);
  }
  if (isDict(within)) {
    const key = keyText(item);
    return key !== undefined && hasKey(within, key);
  }
  return itemsOf(state, within, "The right side of in").some((one) => isEqual(state, one, item));
}

type Comparison = (state: Evaluation, left: unknown, right: unknown) => boolean;

/** What each comparing operator does; tests such as `is ge` use the same. */
export const COMPARISONS: Readonly<Record<CompareOperator, Comparison>> = {
  "==": isEqual,
  "!=": (state, left, right) => !isEqual(state, left, right),
  "<": (state, left, right) => order(state, left, right) < 0,
  "<=": (state, left, right) => order(state, left, right) <= 0,
  ">": (state, left, right) => order(state, left, right) > 0,
  ">=": (state, left, right) => order(state, left, right) >= 0,
  in: isIn,
  "not in": (state, left, right) => !isIn(state, left, right),
};

/** Returns a new map with `entries`; keys are texts or numbers. */
export function newDict(
  state: Evaluation,
  entries: Iterable<readonly [unknown, unknown]>,
): Record<string, unknown> {
  const dict: Record<string, unknown> = {};
  for (const [given, value] of entries) {
    state.charge(1);
    const key = keyText(plain(state.present(given)));
    if (key === undefined)
      throw state.typeError(`A key must be a text, not ${describe(given)}`, "Put it into quotes");
    setKey(dict, key, value);
  }
  return state.own(dict);
}
