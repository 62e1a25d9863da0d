import type { Evaluation } from "../evaluation.ts";
import { describe, itemsOf } from "../lookup.ts";
import { type Arguments, type Operation, operation } from "../operation.ts";
import { isTrue } from "../operators.ts";
import { Undefined } from "../values.ts";
import { getterOf } from "./attributes.ts";

/** Applies an attribute path (`attribute="name"`) or a filter by its name to each item. */
function map(state: Evaluation, value: unknown, args: Arguments): unknown {
  const apply = args.positional.length === 0 ? mapAttribute(state, args) : mapFilter(state, args);
  const results = itemsOf(state, value).map((item) => apply(item));
  if (results.some((result) => result instanceof Undefined)) state.mustSettle = true;
  return state.own(results);
}

function mapAttribute(state: Evaluation, { named }: Arguments): (item: unknown) => unknown {
  const attribute = named.get("attribute");
  if (attribute === undefined)
    throw state.typeError(
      "map needs a filter or an attribute",
      'Write map("int") or map(attribute="id")',
    );
  const other = [...named.keys()].find((name) => name !== "attribute" && name !== "default");
  if (other !== undefined) throw state.typeError(`map has no argument ${other}`);
  return getterOf(state, state.present(attribute), named.get("default"));
}

function nameOf(state: Evaluation, given: unknown): string {
  const name = state.present(given);
  if (typeof name === "string") return name;
  throw state.typeError(`A filter or test is named by a text, not ${describe(name)}`);
}

function mapFilter(
  state: Evaluation,
  { positional, named }: Arguments,
): (item: unknown) => unknown {
  const [given, ...rest] = positional;
  const name = nameOf(state, given);
  return (value) => state.library.applyFilter(state, name, { value, positional: rest, named });
}

/** Keeps or drops the items that pass a test; without a test, those that count as true. */
function selection(keeps: boolean, hasAttribute: boolean): Operation {
  return operation("* **", (state, value, { positional, named }) => {
    if (hasAttribute && positional.length === 0)
      throw state.typeError("The name of the attribute is missing", 'Write selectattr("id")');
    const [attribute, ...others] = hasAttribute ? positional : [undefined, ...positional];
    const getter = getterOf(state, attribute === undefined ? undefined : state.present(attribute));
    const [given, ...rest] = others;
    const name = given === undefined ? undefined : nameOf(state, given);
    const passes = (item: unknown): boolean =>
      name === undefined
        ? isTrue(state, item)
        : state.library.applyTest(state, name, { value: item, positional: rest, named });
    return state.own(itemsOf(state, value).filter((item) => passes(getter(item)) === keeps));
  });
}

/** Filters that apply another filter or a test to each item. */
export const SELECTION_FILTERS: Readonly<Record<string, Operation>> = {
  map: operation("* **", map),
  reject: selection(false, false),
  rejectattr: selection(false, true),
  select: selection(true, false),
  selectattr: selection(true, true),
};
