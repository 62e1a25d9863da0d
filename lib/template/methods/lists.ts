import type { Evaluation } from "../evaluation.ts";
import { itemsOf } from "../lookup.ts";
import { type Operation, operation } from "../operation.ts";
import { isEqual, isTrue, order } from "../operators.ts";

function listOf(self: unknown): readonly unknown[] {
  // The table of lists is only used for lists.
  return self as readonly unknown[];
}

/** Returns the list itself when the template made it, else the copy that stands for it from now on. */
function changeable(state: Evaluation, self: unknown): unknown[] {
  state.charge(1);
  // What an evaluation makes and copies are plain arrays.
  return state.changeable(listOf(self), (list) => {
    state.chargeList(list.length);
    return [...list];
  }) as unknown[];
}

function indexOf(state: Evaluation, self: unknown, wanted: unknown): number {
  const at = itemsOf(state, self).findIndex((item) => isEqual(state, item, wanted));
  if (at !== -1) return at;
  throw state.typeError("The value is not in the list", 'Test with "in" first');
}

function append(state: Evaluation, self: unknown, items: readonly unknown[]): null {
  const list = changeable(state, self);
  state.chargeList(items.length);
  if (list.length + items.length > state.limits.repeatLength)
    state.chargeList(list.length + items.length);
  for (const item of items) list.push(item);
  return null;
}

function insert(state: Evaluation, self: unknown, at: number, item: unknown): null {
  const list = changeable(state, self);
  state.chargeList(list.length);
  list.splice(at, 0, item);
  return null;
}

function pop(state: Evaluation, self: unknown, at: number): unknown {
  const list = changeable(state, self);
  const index = at < 0 ? list.length + at : at;
  if (index < 0 || index >= list.length)
    throw state.typeError("The list has no such item to pop", "Test its length first");
  state.charge(list.length - index);
  return list.splice(index, 1)[0];
}

function remove(state: Evaluation, self: unknown, item: unknown): null {
  pop(state, self, indexOf(state, self, item));
  return null;
}

function sort(state: Evaluation, self: unknown, isReverse: boolean): null {
  const direction = isReverse ? -1 : 1;
  changeable(state, self).sort((left, right) => direction * order(state, left, right));
  return null;
}

/** The methods of lists. Those that change one change a copy when the list is of the context. */
export const LIST_METHODS: Readonly<Record<string, Operation>> = {
  append: operation("item", (state, self, args) => append(state, self, [args.value(0)])),
  clear: operation("", (state, self) => {
    changeable(state, self).length = 0;
    return null;
  }),
  copy: operation("", (state, self) => state.own([...itemsOf(state, self)])),
  count: operation(
    "value",
    (state, self, args) =>
      itemsOf(state, self).filter((item) => isEqual(state, item, args.value(0))).length,
  ),
  extend: operation("items", (state, self, args) =>
    append(state, self, [...itemsOf(state, args.value(0))]),
  ),
  index: operation("value", (state, self, args) => indexOf(state, self, args.value(0))),
  insert: operation("index item", (state, self, args) =>
    insert(state, self, args.integer(0), args.value(1)),
  ),
  pop: operation("index?", (state, self, args) => pop(state, self, args.integer(0, -1))),
  remove: operation("value", (state, self, args) => remove(state, self, args.value(0))),
  reverse: operation("", (state, self) => {
    state.charge(listOf(self).length);
    changeable(state, self).reverse();
    return null;
  }),
  sort: operation("reverse?", (state, self, args) =>
    sort(state, self, isTrue(state, args.value(0, false))),
  ),
};
