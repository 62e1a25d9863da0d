import { nearestName } from "../base/nearest.ts";
import type { Entry } from "./entry.ts";
import { badEntry } from "./problem.ts";
import type { Need } from "./source.ts";

/**
 * Throws when an entry refers to one that is not there, to a field it does not have, or in a circle.
 *
 * @throws {WeirError} CONFIG_INVALID with the key path, the nearest name, or the circle
 */
export function checkNeeds(entries: ReadonlyMap<string, Entry>): void {
  for (const { needs } of entries.values()) {
    for (const need of needs) checkNeed(need, entries);
  }
  const isDone = new Set<string>();
  for (const entry of entries.values()) checkCircle(entry, [], { entries, isDone });
}

function checkNeed(need: Need, entries: ReadonlyMap<string, Entry>): void {
  const { entry, field, path, isCredential = false } = need;
  const target = entries.get(entry);
  if (target === undefined) {
    const meant = nearestName(entry, entries.keys());
    const hint = meant === undefined ? `Add an entry ${entry}` : `Did you mean ${meant}`;
    throw badEntry(path, `refers to ${entry}, which the keychain does not have`, hint);
  }
  const { fields, value } = target.use;
  if (field === undefined) {
    if (value !== undefined || isCredential) return;
    const hint = `Name a field: ${[...fields.keys()].join(", ")}`;
    throw badEntry(path, `refers to ${entry}, which has more than one value`, hint);
  }
  if (fields.has(field)) return;
  const meant = nearestName(field, fields.keys());
  const hint =
    meant === undefined ? `Fields: ${[...fields.keys()].join(", ")}` : `Did you mean ${meant}`;
  throw badEntry(path, `refers to ${entry}.${field}, which the entry does not have`, hint);
}

interface Walk {
  readonly entries: ReadonlyMap<string, Entry>;
  /** Entries that lead into no circle. */
  readonly isDone: Set<string>;
}

function checkCircle({ name, needs }: Entry, above: readonly string[], walk: Walk): void {
  if (walk.isDone.has(name)) return;
  const way = [...above, name];
  for (const { entry, path } of needs) {
    const at = way.indexOf(entry);
    if (at >= 0) {
      const circle = [...way.slice(at), entry].join(" -> ");
      throw badEntry(path, `goes round in a circle: ${circle}`, "Remove one of these references");
    }
    const next = walk.entries.get(entry);
    if (next !== undefined) checkCircle(next, way, walk);
  }
  walk.isDone.add(name);
}
