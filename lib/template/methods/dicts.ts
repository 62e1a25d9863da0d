import type { Evaluation } from "../evaluation.ts";
import { describe, itemsOf } from "../lookup.ts";
import { type Operation, operation } from "../operation.ts";
import { type Dict, hasKey, isDict, keysOf, keyText, ownValue, setKey } from "../values.ts";

function dictOf(self: unknown): Dict {
  // The table of maps is only used for maps.
  return self as Dict;
}

function copyOf(dict: Dict): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const key of keysOf(dict)) setKey(copy, key, ownValue(dict, key));
  return copy;
}

/** Returns the map itself when the template made it, else the copy that stands for it from now on. */
function changeable(state: Evaluation, self: unknown): Record<string, unknown> {
  state.charge(1);
  // What an evaluation makes and copies are plain objects.
  return state.changeable(dictOf(self), (dict) => {
    const keys = keysOf(dict);
    state.chargeList(keys.length);
    return copyOf(dict);
  }) as Record<string, unknown>;
}

function valueAt(state: Evaluation, self: unknown, key: unknown): unknown {
  const text = keyText(key);
  return text === undefined ? undefined : state.current(ownValue(dictOf(self), text));
}

function textKey(state: Evaluation, key: unknown): string {
  const text = keyText(key);
  if (text !== undefined) return text;
  throw state.typeError(`A key must be a text, not ${describe(key)}`);
}

/** Returns the pairs of a map as lists of key and value. */
export function pairsOf(state: Evaluation, dict: Dict): readonly (readonly [string, unknown])[] {
  const keys = itemsOf(state, dict);
  return keys.map((key) => {
    const name = String(key);
    return [name, state.current(ownValue(dict, name))];
  });
}

function update(
  state: Evaluation,
  self: unknown,
  other: unknown,
  more: Map<string, unknown>,
): null {
  if (other !== null && !isDict(other))
    throw state.typeError(`update needs a map, not ${describe(other)}`);
  const dict = changeable(state, self);
  if (other !== null) for (const [key, value] of pairsOf(state, other)) setKey(dict, key, value);
  for (const [key, value] of more) setKey(dict, key, value);
  return null;
}

function pop(state: Evaluation, self: unknown, given: unknown, fallback: unknown): unknown {
  const key = textKey(state, given);
  const value = valueAt(state, self, key) ?? fallback;
  if (value === undefined && !hasKey(dictOf(self), key))
    throw state.typeError("The map has no such key", "Give pop a second value to use then");
  Reflect.deleteProperty(changeable(state, self), key);
  return value;
}

function setDefault(state: Evaluation, self: unknown, given: unknown, value: unknown): unknown {
  const key = textKey(state, given);
  const before = valueAt(state, self, key);
  if (before !== undefined) return before;
  setKey(changeable(state, self), key, value);
  return value;
}

function clear(state: Evaluation, self: unknown): null {
  const dict = changeable(state, self);
  for (const key of Object.keys(dict)) Reflect.deleteProperty(dict, key);
  return null;
}

/** The methods of maps. Those that change one change a copy when the map is of the context. */
export const DICT_METHODS: Readonly<Record<string, Operation>> = {
  clear: operation("", clear),
  copy: operation("", (state, self) => state.own(copyOf(dictOf(self)))),
  get: operation("key default?", (state, self, args) => {
    const value = valueAt(state, self, args.value(0));
    return value === undefined ? args.value(1) : value;
  }),
  items: operation("", (state, self) => state.own([...pairsOf(state, dictOf(self))])),
  keys: operation("", (state, self) => state.own([...itemsOf(state, self)])),
  pop: operation("key default?", (state, self, args) =>
    pop(state, self, args.value(0), args.raw(1)),
  ),
  setdefault: operation("key default?", (state, self, args) =>
    setDefault(state, self, args.value(0), args.value(1)),
  ),
  update: operation("other? **", (state, self, args) =>
    update(state, self, args.value(0), args.named),
  ),
  values: operation("", (state, self) =>
    state.own(pairsOf(state, dictOf(self)).map(([, value]) => value)),
  ),
};
