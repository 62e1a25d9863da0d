import { JSON_NULL, type JsonNode } from "../base/json-tree.ts";
import { typedOffset } from "./grammar.ts";
import { itemError } from "./item-error.ts";
import { type FieldName, parsePath, type Step } from "./nested-path.ts";

/** A field of a JSON body: its name is a path, `a[b][]`. */
export interface JsonField extends FieldName {
  readonly value: JsonNode;
}

/**
 * Nulls that may fill the gaps before high indexes, all arrays of a body together. HTTPie has no
 * limit, and `a[999999999]=x` ends it by using up the memory.
 */
export const GAP_LIMIT = 100_000;

/** An array or an object while it is filled; `keys` says where in `items` the member of a key is. */
type Container = { readonly items: Slot[] } & (
  | { readonly kind: "list" }
  | { readonly kind: "members"; readonly names: string[]; readonly keys: Map<string, number> }
);

/** A value in a container; undefined until the step that made it goes on. */
type Slot = JsonNode | Container | undefined;

/**
 * Returns the JSON value that the fields make together, in order; undefined without a field.
 *
 * A later value replaces an earlier one at the place of the first. Null can become an array or an
 * object, as in HTTPie; a raw object or array can be extended, which HTTPie forgets to do.
 *
 * @throws {WeirError} USAGE_BAD_ITEM for a name that is no path or an index too high; USAGE_CONFLICT
 * when a field treats as an array or object what an earlier one made something else
 */
export function nestJson(fields: readonly JsonField[]): JsonNode | undefined {
  const body: Container = { kind: "list", items: [undefined] };
  const gaps = { left: GAP_LIMIT };
  for (const field of fields) insert(body, field, gaps);
  return fields.length === 0 ? undefined : toNode(body.items[0]);
}

function insert(body: Container, field: JsonField, gaps: { left: number }): void {
  let container = body;
  let place = 0;
  for (const step of parsePath(field)) {
    const inner = openContainer(container.items[place], step);
    if (inner === undefined) throw conflict(field, step, container.items[place]);
    container.items[place] = inner;
    container = inner;
    place = placeOf(container, field, step, gaps);
  }
  container.items[place] = field.value;
}

/** Returns the slot as the container that `step` needs; undefined when it is something else. */
function openContainer(slot: Slot, step: Step): Container | undefined {
  const wanted = step.kind === "key" ? "members" : "list";
  if (slot === undefined || (slot.kind === "literal" && slot.value === null)) {
    return wanted === "list"
      ? { kind: "list", items: [] }
      : { kind: "members", items: [], names: [], keys: new Map() };
  }
  if (slot.kind === wanted) return slot;
  if (slot.kind === "array" && wanted === "list") return { kind: "list", items: [...slot.items] };
  if (slot.kind !== "object" || wanted !== "members") return undefined;
  const names = slot.entries.map(([name]) => name);
  return {
    kind: "members",
    items: slot.entries.map(([, value]) => value),
    names,
    // Of members with one name the last one counts when JSON is read, so it is the one to extend.
    keys: new Map(names.map((name, at) => [name, at])),
  };
}

/** Returns the place in `container.items` that `step` names, and makes it when it is not there. */
function placeOf(
  container: Container,
  field: JsonField,
  step: Step,
  gaps: { left: number },
): number {
  const { items } = container;
  if (container.kind === "members" && step.kind === "key") {
    const known = container.keys.get(step.key);
    if (known !== undefined) return known;
    container.keys.set(step.key, items.length);
    container.names.push(step.key);
  }
  if (step.kind !== "index") return items.push(undefined) - 1;
  const missing = step.index - items.length;
  if (missing > gaps.left) throw tooHigh(field, step);
  gaps.left -= Math.max(0, missing);
  while (items.length < step.index) items.push(JSON_NULL);
  if (items.length === step.index) items.push(undefined);
  return step.index;
}

function toNode(slot: Slot): JsonNode {
  if (slot === undefined) return JSON_NULL;
  if (slot.kind === "list") return { kind: "array", items: slot.items.map(toNode) };
  if (slot.kind !== "members") return slot;
  const { names, items } = slot;
  return { kind: "object", entries: names.map((name, at) => [name, toNode(items[at])]) };
}

function conflict(field: JsonField, step: Step, slot: Slot): Error {
  const prefix = field.name.slice(0, step.at);
  const subject = prefix === "" ? "the body" : `"${prefix}"`;
  const wanted = step.kind === "key" ? "an object" : "an array";
  return itemError(field.text, {
    code: "USAGE_CONFLICT",
    what: `needs ${wanted}`,
    offset: typedOffset(field.text, step.at),
    reason: `an earlier item made ${subject} ${nameOf(slot)}`,
    hint: "Use one form for all items: a[b]=1 makes an object, a[]=1 or a[0]=1 makes an array",
  });
}

function nameOf(slot: Slot): string {
  if (slot === undefined) return "null";
  if (slot.kind === "list" || slot.kind === "array") return "an array";
  if (slot.kind === "members" || slot.kind === "object") return "an object";
  return slot.kind === "literal" ? "a boolean" : `a ${slot.kind}`;
}

function tooHigh(field: JsonField, step: Step): Error {
  return itemError(field.text, {
    what: `leaves more than ${GAP_LIMIT} empty places in arrays`,
    offset: typedOffset(field.text, step.at),
    hint: "Use a lower index, or a backslash before the number to make it a name",
  });
}
