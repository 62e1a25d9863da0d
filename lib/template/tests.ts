import type { Evaluation } from "./evaluation.ts";
import { COMPARISONS } from "./operators.ts";
import { type Arguments, type Operation, operation } from "./operation.ts";
import { describe } from "./lookup.ts";
import { textOf } from "./text.ts";
import { Entity, isDict, kindOf, Undefined } from "./values.ts";

type Check = (value: unknown, state: Evaluation) => boolean;

/** A test of the value alone; a missing value is simply not of the kind. */
function kindTest(check: Check): Operation {
  return operation("", (state, value) => check(value, state), { takesUndefined: true });
}

function compareTest(operator: keyof typeof COMPARISONS): Operation {
  return operation("other", (state, value, args) =>
    COMPARISONS[operator](state, value, args.value(0)),
  );
}

function remainder(state: Evaluation, value: unknown, divisor: number): number {
  if (divisor === 0) throw state.typeError("Division by zero", "Test the divisor first");
  const number = typeof value === "boolean" ? Number(value) : value;
  if (typeof number === "number") return Math.abs(number % divisor);
  throw state.typeError(`The test needs a number, not ${describe(value)}`, "Use int");
}

function isCased(state: Evaluation, value: unknown, fold: (text: string) => string): boolean {
  const text = textOf(state, value);
  return fold(text) === text && text.toLowerCase() !== text.toUpperCase();
}

function isSame(value: unknown, other: unknown): boolean {
  return value === other;
}

const isKind = (kind: string): Operation => kindTest((value) => kindOf(value) === kind);
const notMissing = (value: unknown): boolean => !(value instanceof Undefined);

const ITERABLE = operation("", (_, value) => ["list", "map", "text"].includes(kindOf(value)));

/** Every test by its name, as `value is name`. */
export const TESTS: ReadonlyMap<string, Operation> = new Map(
  Object.entries({
    boolean: isKind("boolean"),
    callable: kindTest((value) => value instanceof Entity && kindOf(value) === "function"),
    defined: kindTest(notMissing),
    divisibleby: operation(
      "num",
      (state, value, args) => remainder(state, value, args.integer(0)) === 0,
    ),
    eq: compareTest("=="),
    equalto: compareTest("=="),
    "==": compareTest("=="),
    // The compiler answers this one: whether a value is escaped shows in the expression only.
    escaped: kindTest(() => false),
    even: operation("", (state, value) => remainder(state, value, 2) === 0),
    false: kindTest((value) => value === false),
    filter: operation("", (state, value) =>
      isNameOf(value, (name) => state.library.hasFilter(name)),
    ),
    float: kindTest((value) => typeof value === "number" && !Number.isInteger(value)),
    ge: compareTest(">="),
    ">=": compareTest(">="),
    gt: compareTest(">"),
    greaterthan: compareTest(">"),
    ">": compareTest(">"),
    in: operation("seq", (state, value, args: Arguments) =>
      COMPARISONS.in(state, value, args.value(0)),
    ),
    integer: kindTest((value) => Number.isInteger(value)),
    iterable: ITERABLE,
    le: compareTest("<="),
    "<=": compareTest("<="),
    lower: operation("", (state, value) => isCased(state, value, (text) => text.toLowerCase())),
    lt: compareTest("<"),
    lessthan: compareTest("<"),
    "<": compareTest("<"),
    mapping: kindTest(isDict),
    ne: compareTest("!="),
    "!=": compareTest("!="),
    none: kindTest((value) => value === null),
    number: kindTest((value) => typeof value === "number" || typeof value === "boolean"),
    odd: operation("", (state, value) => remainder(state, value, 2) === 1),
    sameas: operation("other", (_, value, args) => isSame(value, args.value(0)), {
      takesUndefined: true,
    }),
    sequence: kindTest((value) => ["list", "map", "text"].includes(kindOf(value))),
    string: isKind("text"),
    test: operation("", (state, value) => isNameOf(value, (name) => state.library.hasTest(name))),
    true: kindTest((value) => value === true),
    undefined: kindTest((value) => !notMissing(value)),
    upper: operation("", (state, value) => isCased(state, value, (text) => text.toUpperCase())),
  }),
);

function isNameOf(value: unknown, has: (name: string) => boolean): boolean {
  return typeof value === "string" && has(value);
}
