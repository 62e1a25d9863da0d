import type { Evaluation } from "../evaluation.ts";
import { describe, itemsOf } from "../lookup.ts";
import { pairsOf } from "../methods/dicts.ts";
import { type Arguments, type Operation, operation } from "../operation.ts";
import { arithmetic, isEqual, isTrue, order } from "../operators.ts";
import { textOf } from "../text.ts";
import { charactersOf, isDict, lengthOf } from "../values.ts";
import { folded, type Getter, getterOf } from "./attributes.ts";

/** Returns the getter of arguments `attribute` and `case_sensitive`. */
function keyOf(state: Evaluation, attribute: unknown, caseSensitive: unknown): Getter {
  const getter = getterOf(state, attribute);
  return isTrue(state, caseSensitive) ? getter : folded(getter);
}

/** Returns `items` in the order of what `getter` gives; equal ones keep their order. */
function sorted(
  state: Evaluation,
  items: readonly unknown[],
  getter: Getter,
  isReverse = false,
): unknown[] {
  const direction = isReverse ? -1 : 1;
  return items
    .map((item) => ({ item, key: getter(item) }))
    .sort((left, right) => direction * order(state, left.key, right.key))
    .map(({ item }) => item);
}

function sort(state: Evaluation, value: unknown, args: Arguments): unknown {
  const attribute = args.value(2);
  const isCased = args.value(1, false);
  const paths = typeof attribute === "string" ? attribute.split(",") : [attribute];
  const getters = paths.map((path) => keyOf(state, path, isCased));
  const [only] = getters;
  const getter =
    getters.length === 1 && only !== undefined
      ? only
      : (item: unknown) => getters.map((each) => each(item));
  const isReverse = isTrue(state, args.value(0, false));
  return state.own(sorted(state, itemsOf(state, value), getter, isReverse));
}

function dictSort(state: Evaluation, value: unknown, args: Arguments): unknown {
  if (!isDict(value)) throw state.typeError(`dictsort needs a map, not ${describe(value)}`);
  const by = args.text(1, "key");
  if (by !== "key" && by !== "value") throw state.typeError('dictsort sorts by "key" or "value"');
  const getter = keyOf(state, by === "key" ? 0 : 1, args.value(0, false));
  const isReverse = isTrue(state, args.value(2, false));
  return state.own(sorted(state, pairsOf(state, value), getter, isReverse));
}

function groupBy(state: Evaluation, value: unknown, args: Arguments): unknown {
  const attribute = args.value(0);
  const fallback = args.raw(1);
  const real = getterOf(state, attribute, fallback);
  const key = isTrue(state, args.value(2, false)) ? real : folded(real);
  const groups: { readonly key: unknown; readonly items: unknown[] }[] = [];
  for (const item of sorted(state, itemsOf(state, value), key)) {
    const found = groups.at(-1);
    const itemKey = key(item);
    if (found !== undefined && isEqual(state, found.key, itemKey)) found.items.push(item);
    else groups.push({ key: itemKey, items: [item] });
  }
  return state.own(
    groups.map(({ items }) => {
      return state.group(state.own([real(items[0]), state.own(items)]));
    }),
  );
}

function unique(state: Evaluation, value: unknown, args: Arguments): unknown {
  const getter = keyOf(state, args.value(1), args.value(0, false));
  const simple = new Set<unknown>();
  const others: unknown[] = [];
  const kept = itemsOf(state, value).filter((item) => {
    const key = state.present(getter(item));
    if (typeof key === "object" && key !== null) {
      if (others.some((other) => isEqual(state, other, key))) return false;
      state.charge(others.length);
      others.push(key);
      return true;
    }
    // True counts as 1, as it does everywhere else.
    const same = typeof key === "boolean" ? Number(key) : key;
    if (simple.has(same)) return false;
    simple.add(same);
    return true;
  });
  return state.own(kept);
}

function extreme(isMax: boolean): Operation {
  return operation("case_sensitive? attribute?", (state, value, args) => {
    const getter = keyOf(state, args.value(1), args.value(0, false));
    const items = itemsOf(state, value);
    let [best] = items;
    if (items.length === 0) return state.missing("No smallest or largest item, the list is empty");
    for (const item of items.slice(1)) {
      const difference = order(state, getter(item), getter(best));
      if (isMax ? difference > 0 : difference < 0) best = item;
    }
    return best;
  });
}

function sum(state: Evaluation, value: unknown, args: Arguments): unknown {
  const getter = getterOf(state, args.value(0));
  let total: unknown = args.value(1, 0);
  if (typeof total === "string")
    throw state.typeError("sum adds numbers or lists", "Join texts with the filter join");
  for (const item of itemsOf(state, value)) total = arithmetic(state, "+", total, getter(item));
  return total;
}

function join(state: Evaluation, value: unknown, args: Arguments): string {
  const separator = textOf(state, args.value(0, ""));
  const getter = getterOf(state, args.value(1));
  const parts: string[] = [];
  let length = 0;
  for (const item of itemsOf(state, value)) {
    const part = textOf(state, getter(item));
    length += part.length + separator.length;
    if (length > state.limits.outputCapBytes) state.chargeText(length);
    parts.push(part);
  }
  state.chargeText(length);
  return parts.join(separator);
}

function first(state: Evaluation, value: unknown): unknown {
  const items = itemsOf(state, value);
  return items.length === 0 ? state.missing("No first item, the list is empty") : items[0];
}

function last(state: Evaluation, value: unknown): unknown {
  const items = itemsOf(state, value);
  return items.length === 0 ? state.missing("No last item, the list is empty") : items.at(-1);
}

function length(state: Evaluation, value: unknown): number {
  if (typeof value === "string") return lengthOf(value);
  if (Array.isArray(value)) return value.length;
  if (isDict(value)) return itemsOf(state, value).length;
  throw state.typeError(`${describe(value)} has no length`, "Count lists, maps and texts");
}

function reverse(state: Evaluation, value: unknown): unknown {
  const items = itemsOf(state, value).toReversed();
  return typeof value === "string" ? items.join("") : state.own(items);
}

function batch(state: Evaluation, value: unknown, args: Arguments): unknown {
  const size = args.integer(0);
  if (size < 1) throw state.typeError("The size of a batch must be at least 1");
  const items = itemsOf(state, value);
  const rows: unknown[][] = [];
  for (let at = 0; at < items.length; at += size) rows.push(items.slice(at, at + size));
  const fill = args.value(1);
  const lastRow = rows.at(-1);
  if (fill !== null && lastRow !== undefined) {
    state.chargeList(size);
    while (lastRow.length < size) lastRow.push(fill);
  }
  return state.own(rows);
}

function slice(state: Evaluation, value: unknown, args: Arguments): unknown {
  const count = args.integer(0);
  if (count < 1) throw state.typeError("The number of slices must be at least 1");
  state.chargeList(count);
  const items = itemsOf(state, value);
  const fill = args.value(1);
  const size = Math.floor(items.length / count);
  const longer = items.length % count;
  const columns = Array.from({ length: count }, (_, at) => {
    const start = at * size + Math.min(at, longer);
    const column = items.slice(start, start + size + (at < longer ? 1 : 0));
    return fill !== null && at >= longer ? [...column, fill] : column;
  });
  return state.own(columns);
}

function list(state: Evaluation, value: unknown): unknown {
  if (typeof value === "string") return state.own([...charactersOf(value)]);
  return state.own([...itemsOf(state, value)]);
}

/** Filters for lists, and for what has items as a list has. */
export const LIST_FILTERS: Readonly<Record<string, Operation>> = {
  batch: operation("linecount fill_with?", batch),
  count: operation("", length),
  dictsort: operation("case_sensitive? by? reverse?", dictSort),
  first: operation("", first),
  groupby: operation("attribute default? case_sensitive?", groupBy),
  join: operation("d? attribute?", join),
  last: operation("", last),
  length: operation("", length),
  list: operation("", list),
  max: extreme(true),
  min: extreme(false),
  reverse: operation("", reverse),
  slice: operation("slices fill_with?", slice),
  sort: operation("reverse? case_sensitive? attribute?", sort),
  sum: operation("attribute? start?", sum),
  unique: operation("case_sensitive? attribute?", unique),
};
