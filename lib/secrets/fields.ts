import { nearestName } from "../base/nearest.ts";
import type { KeyPath } from "./problem.ts";
import { badEntry } from "./problem.ts";
import type { Reference } from "./reference.ts";
import { parseReference } from "./reference.ts";

/** A table of the configuration. */
export type Table = Readonly<Record<string, unknown>>;

/** Says whether `value` is a table; dates of TOML are objects too. */
export function isTable(value: unknown): value is Table {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date)
  );
}

/** Reads the keys of one entry; each wrong one is an error with its key path. */
export class EntryFields {
  readonly #table: Table;
  readonly #path: KeyPath;
  readonly #isBareAllowed: boolean;

  constructor(table: Table, path: KeyPath, isBareAllowed: boolean) {
    this.#table = table;
    this.#path = path;
    this.#isBareAllowed = isBareAllowed;
  }

  /** Returns the path of `key`. */
  pathOf(key: string): KeyPath {
    return [...this.#path, key];
  }

  /** Says whether `key` is set. */
  has(key: string): boolean {
    return this.#table[key] !== undefined;
  }

  /** Throws for a key that is not one of `keys`. */
  checkKeys(keys: readonly string[]): void {
    for (const key of Object.keys(this.#table)) {
      if (keys.includes(key)) continue;
      const meant = nearestName(key, keys);
      const hint = meant === undefined ? `Known keys: ${keys.join(", ")}` : `Write ${meant}`;
      throw badEntry(this.pathOf(key), "does not exist", hint, "CONFIG_UNKNOWN_KEY");
    }
  }

  /** Returns a text that is not empty. */
  text(key: string): string {
    const value = this.#table[key];
    if (typeof value === "string" && value !== "") return value;
    const problem = value === undefined ? "is missing" : "is not a text";
    throw badEntry(this.pathOf(key), problem, `Write ${key} = "…"`);
  }

  /** Returns the secret reference in `key`. */
  reference(key: string): Reference {
    const place = { path: this.pathOf(key), isBareAllowed: this.#isBareAllowed };
    return parseReference(this.text(key), place);
  }

  /** Returns a reference to a value that is no secret, so that it may stand there as it is. */
  openReference(key: string): Reference {
    return parseReference(this.text(key), { path: this.pathOf(key), isBareAllowed: true });
  }

  /** Returns the secret references of a table, by their names. */
  references(key: string): readonly (readonly [name: string, reference: Reference])[] {
    const value = this.#table[key];
    const hint = `Write ${key} = { NAME = "env:…" }`;
    if (!isTable(value) || Object.keys(value).length === 0) {
      const problem = value === undefined ? "is missing" : "is not a table with entries";
      throw badEntry(this.pathOf(key), problem, hint);
    }
    const inner = new EntryFields(value, this.pathOf(key), this.#isBareAllowed);
    return Object.keys(value).map((name) => [name, inner.reference(name)]);
  }

  /** Returns a truth value, `otherwise` when the key is not set. */
  flag(key: string, otherwise: boolean): boolean {
    const value = this.#table[key] ?? otherwise;
    if (typeof value === "boolean") return value;
    throw badEntry(this.pathOf(key), "is not true or false", `Write ${key} = true`);
  }

  /** Returns a list of texts, undefined when the key is not set. */
  texts(key: string): readonly string[] | undefined {
    const value = this.#table[key];
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === "string")) {
      return value;
    }
    throw badEntry(this.pathOf(key), "is not a list of texts", `Write ${key} = ["…"]`);
  }
}
