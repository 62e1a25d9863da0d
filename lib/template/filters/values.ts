import type { Evaluation } from "../evaluation.ts";
import { describe, fieldOf, itemsOf } from "../lookup.ts";
import { pairsOf } from "../methods/dicts.ts";
import { type Arguments, type Operation, operation } from "../operation.ts";
import { isTrue } from "../operators.ts";
import { jsonOf, textOf } from "../text.ts";
import { Entity, isDict, Undefined } from "../values.ts";

function fallback(state: Evaluation, value: unknown, args: Arguments): unknown {
  const isMissing = value instanceof Undefined || value === undefined;
  const isFalse = !isMissing && isTrue(state, args.value(1, false)) && !isTrue(state, value);
  if (!isMissing && !isFalse) return value;
  const given = args.raw(0);
  return given === undefined ? "" : given;
}

/** Fields of the engine's own objects only: a map's keys are no attributes. */
function attribute(state: Evaluation, value: unknown, args: Arguments): unknown {
  const name = args.text(0);
  const found = value instanceof Entity ? fieldOf(state, value, name) : undefined;
  if (found !== undefined) return found;
  return state.missing(`${describe(value)} has no attribute "${name.slice(0, 60)}"`);
}

function items(state: Evaluation, value: unknown): unknown {
  if (value instanceof Undefined) return state.own([]);
  if (!isDict(value)) throw state.typeError(`items needs a map, not ${describe(value)}`);
  return state.own([...pairsOf(state, value)]);
}

function toJson(state: Evaluation, value: unknown, args: Arguments): string {
  const indent = args.optionalInteger(0);
  if (indent !== undefined && (indent < 0 || indent > 16))
    throw state.typeError("The indent must be from 0 to 16");
  return jsonOf(state, value, { isJinja: true, indent });
}

function random(state: Evaluation, value: unknown): unknown {
  const draw = state.options.random;
  if (draw === undefined)
    throw state.typeError("Random choices are not possible here", "Choose an item by its index");
  const all = itemsOf(state, value);
  if (all.length === 0) return state.missing("No random item, the list is empty");
  return all[Math.floor(draw() * all.length)];
}

const defaultFilter = operation("default_value? boolean?", fallback, { takesUndefined: true });

/** Filters for values of any kind. */
export const VALUE_FILTERS: Readonly<Record<string, Operation>> = {
  attr: operation("name", attribute),
  d: defaultFilter,
  default: defaultFilter,
  items: operation("", items, { takesUndefined: true }),
  pprint: operation("", (state, value) => jsonOf(state, value, { isJinja: false })),
  random: operation("", random),
  string: operation("", textOf),
  tojson: operation("indent?", toJson),
};
