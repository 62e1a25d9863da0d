import type { Evaluation } from "./evaluation.ts";
import { itemsOf } from "./lookup.ts";
import { pairsOf } from "./methods/dicts.ts";
import { newDict } from "./operators.ts";
import { type Arguments, Callable, operation } from "./operation.ts";
import { isDict, Namespace } from "./values.ts";

function range(state: Evaluation, _: unknown, args: Arguments): readonly number[] {
  const isOne = args.raw(1) === undefined;
  const start = isOne ? 0 : args.integer(0);
  const stop = args.integer(isOne ? 0 : 1);
  const step = args.integer(2, 1);
  if (step === 0) throw state.typeError("The step of range is 0", "Use 1 or -1");
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (length > state.limits.rangeLength)
    throw state.fail(
      "TEMPLATE_BUDGET",
      `The range has more than ${state.limits.rangeLength} items`,
      { hint: "Make the range smaller" },
    );
  state.charge(1 + length);
  return state.own(Array.from({ length }, (__, at) => start + at * step));
}

/** Returns the entries of a map or a list of pairs, and the named arguments after them. */
function entriesOf(state: Evaluation, args: Arguments): readonly (readonly [unknown, unknown])[] {
  const given = args.value(0);
  if (given === null) return [...args.named];
  if (isDict(given)) return [...pairsOf(state, given), ...args.named];
  const pairs = itemsOf(state, given).map((item) => itemsOf(state, item));
  const odd = pairs.find((pair) => pair.length !== 2);
  if (odd !== undefined) throw state.typeError("Each entry of a map needs a key and a value");
  return [...pairs.map(([key, value]) => [key, value] as const), ...args.named];
}

function dict(state: Evaluation, _: unknown, args: Arguments): unknown {
  return newDict(state, entriesOf(state, args));
}

function namespace(state: Evaluation, _: unknown, args: Arguments): Namespace {
  return new Namespace(new Map(Object.entries(newDict(state, entriesOf(state, args)))));
}

/** Gives its values in turn: `{{ row.next() }}`. */
function cycler(state: Evaluation, _: unknown, { positional }: Arguments): Callable {
  if (positional.length === 0) throw state.typeError("cycler needs values", "Add them");
  let at = 0;
  return new Callable("cycler", {
    field: (name) => (name === "current" ? positional[at] : undefined),
    methods: {
      next: operation("", () => {
        const value = positional[at];
        at = (at + 1) % positional.length;
        return value;
      }),
      reset: operation("", () => {
        at = 0;
        return null;
      }),
    },
  });
}

/** Gives nothing at its first call and the separator from then on. */
function joiner(_: Evaluation, __: unknown, args: Arguments): Callable {
  const separator = args.text(0, ", ");
  let isUsed = false;
  return new Callable("joiner", {
    call: operation("", () => {
      const text = isUsed ? separator : "";
      isUsed = true;
      return text;
    }),
  });
}

/** The functions every template has. */
export const GLOBALS: ReadonlyMap<string, Callable> = new Map(
  [
    new Callable("range", { call: operation("start stop? step?", range) }),
    new Callable("dict", { call: operation("mapping? **", dict) }),
    new Callable("namespace", { call: operation("mapping? **", namespace) }),
    new Callable("cycler", { call: operation("*", cycler) }),
    new Callable("joiner", { call: operation("sep?", joiner) }),
  ].map((one) => [one.label, one]),
);
