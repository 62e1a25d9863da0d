import { nearestName } from "../base/nearest.ts";
import { isSensitiveHeader, isSensitiveParameter } from "../base/sensitive.ts";
import { parseValue } from "./compose.ts";
import type { KeyPath } from "./problem.ts";
import { badEntry } from "./problem.ts";
import type { ReferencePlace } from "./reference.ts";
import type { Need, Source } from "./source.ts";

/** A table of the configuration. */
export type Table = Readonly<Record<string, unknown>>;

/** A JSON value whose texts may be secrets. */
export type JsonSource =
  | { readonly kind: "text"; readonly source: Source }
  | { readonly kind: "plain"; readonly value: number | boolean | null }
  | { readonly kind: "list"; readonly items: readonly JsonSource[] }
  | { readonly kind: "map"; readonly entries: readonly (readonly [string, JsonSource])[] };

/** What is known of the entry that is read. */
export interface EntryPlace extends ReferencePlace {
  /** Name of the entry. */
  readonly entry: string;
}

/** Says whether `value` is a table; dates of TOML are objects too. */
export function isTable(value: unknown): value is Table {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date)
  );
}

/** Reads the keys of one entry; each wrong one is an error with its key path. */
export class EntryFields {
  readonly #table: Table;
  readonly #place: EntryPlace;
  readonly #aliases: Readonly<Record<string, string>>;
  readonly #needs: Need[];

  /** @param aliases another word for a key, by the key */
  constructor(
    table: Table,
    place: EntryPlace,
    aliases: Readonly<Record<string, string>> = {},
    needs: Need[] = [],
  ) {
    this.#table = table;
    this.#place = place;
    this.#aliases = aliases;
    this.#needs = needs;
  }

  /** Name of the entry. */
  get entry(): string {
    return this.#place.entry;
  }

  /** What was read so far needs these other entries. */
  get needs(): readonly Need[] {
    return this.#needs;
  }

  /** Returns the path of `key`, as it is written. */
  pathOf(key: string): KeyPath {
    return [...this.#place.path, this.#written(key)];
  }

  /** Returns what is known of the place of `key`. */
  placeOf(key: string): EntryPlace {
    return { ...this.#place, path: this.pathOf(key) };
  }

  /** Says whether `key` is set. */
  has(key: string): boolean {
    return this.#valueOf(key) !== undefined;
  }

  /** Throws for a key that is not one of `keys`. */
  checkKeys(keys: readonly string[]): void {
    const known = [...keys, ...Object.values(this.#aliases)];
    for (const key of Object.keys(this.#table)) {
      if (known.includes(key)) continue;
      const meant = nearestName(key, known);
      const hint = meant === undefined ? `Known keys: ${keys.join(", ")}` : `Write ${meant}`;
      throw badEntry([...this.#place.path, key], "does not exist", hint, "CONFIG_UNKNOWN_KEY");
    }
    for (const [key, alias] of Object.entries(this.#aliases)) {
      if (this.#table[key] === undefined || this.#table[alias] === undefined) continue;
      throw badEntry([...this.#place.path, alias], `contradicts ${key}`, "Keep one of the two");
    }
  }

  /** Returns a text that is not empty. */
  text(key: string): string {
    const value = this.#valueOf(key);
    if (typeof value === "string" && value !== "") return value;
    const problem = value === undefined ? "is missing" : "is not a text";
    throw badEntry(this.pathOf(key), problem, `Write ${key} = "…"`);
  }

  /** Returns one of `words`, the first of them when the key is not set. */
  word<Word extends string>(key: string, words: readonly [Word, ...Word[]]): Word {
    if (!this.has(key)) return words[0];
    const text = this.text(key);
    const found = words.find((word) => word === text);
    if (found !== undefined) return found;
    throw badEntry(this.pathOf(key), "has another value", `Write one of: ${words.join(", ")}`);
  }

  /** Returns the secret in `key`: a reference, or a text that refers to other entries. */
  reference(key: string): Source {
    return this.#parse(this.text(key), this.placeOf(key));
  }

  /** Returns a value that is no secret, so that it may stand there as it is. */
  openReference(key: string): Source {
    return this.#parse(this.text(key), { ...this.placeOf(key), isPublic: true });
  }

  /** Returns the secrets of a table, by their names. */
  references(key: string): readonly (readonly [name: string, source: Source])[] {
    const inner = this.table(key);
    return inner.names().map((name) => [name, inner.reference(name)]);
  }

  /**
   * Returns the values of a table, by their names; a text may stand there as it is unless its name
   * says that it is a secret. Numbers and truth values become text.
   */
  values(key: string, how: "header" | "parameter"): readonly (readonly [string, Source])[] {
    const inner = this.table(key);
    const isSensitive = how === "header" ? isSensitiveHeader : isSensitiveParameter;
    return inner.names().map((name) => {
      const value = inner.#table[name];
      const text = typeof value === "number" || typeof value === "boolean" ? String(value) : value;
      if (text === "")
        return [name, inner.#parse("literal:", { ...inner.placeOf(name), isPublic: true })];
      if (typeof text !== "string") {
        throw badEntry(inner.pathOf(name), "is not a text", `Write ${name} = "…"`);
      }
      const place = { ...inner.placeOf(name), isPublic: !isSensitive(name) };
      return [name, inner.#parse(text, place)];
    });
  }

  /** Returns a JSON value whose texts may be secrets, which their names tell as in `values`. */
  json(key: string): JsonSource {
    return this.#json(this.#valueOf(key), this.placeOf(key));
  }

  /** Returns a table that is not empty. */
  table(key: string): EntryFields {
    const value = this.#valueOf(key);
    if (isTable(value) && Object.keys(value).length > 0) {
      return new EntryFields(value, this.placeOf(key), {}, this.#needs);
    }
    const problem = value === undefined ? "is missing" : "is not a table with entries";
    throw badEntry(this.pathOf(key), problem, `Write ${key} = { NAME = "env:…" }`);
  }

  /** Returns the names of all keys. */
  names(): readonly string[] {
    return Object.keys(this.#table);
  }

  /** Says whether `key` holds a text. */
  isText(key: string): boolean {
    return typeof this.#valueOf(key) === "string";
  }

  /** Says whether `key` holds a table. */
  isTable(key: string): boolean {
    return isTable(this.#valueOf(key));
  }

  /** Returns a truth value, `otherwise` when the key is not set. */
  flag(key: string, otherwise: boolean): boolean {
    const value = this.#valueOf(key) ?? otherwise;
    if (typeof value === "boolean") return value;
    throw badEntry(this.pathOf(key), "is not true or false", `Write ${key} = true`);
  }

  /** Returns a number above zero, undefined when the key is not set. */
  positive(key: string): number | undefined {
    const value = this.#valueOf(key);
    if (value === undefined) return undefined;
    if (typeof value === "number" && value > 0 && value < 1e10) return value;
    throw badEntry(this.pathOf(key), "is not a number above 0", `Write ${key} = 3600`);
  }

  /** Returns a list of texts, undefined when the key is not set. */
  texts(key: string): readonly string[] | undefined {
    const value = this.#valueOf(key);
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === "string")) {
      return value;
    }
    throw badEntry(this.pathOf(key), "is not a list of texts", `Write ${key} = ["…"]`);
  }

  /** Returns the value of `key`, whatever it is. */
  value(key: string): unknown {
    return this.#valueOf(key);
  }

  /** Returns the name of another entry that dresses the requests of this one. */
  credential(key: string): string | undefined {
    if (!this.has(key)) return undefined;
    const entry = this.text(key);
    this.#needs.push({ entry, path: this.pathOf(key), isCredential: true });
    return entry;
  }

  #parse(text: string, place: EntryPlace): Source {
    const source = parseValue(text, place);
    if (source.kind !== "composed") return source;
    for (const part of source.parts) {
      if (typeof part !== "string") this.#needs.push({ ...part, path: place.path });
    }
    return source;
  }

  #json(value: unknown, place: EntryPlace): JsonSource {
    if (typeof value === "string") {
      const text = value === "" ? "literal:" : value;
      const isPublic = value === "" || !isSensitiveParameter(String(place.path.at(-1)));
      return { kind: "text", source: this.#parse(text, { ...place, isPublic }) };
    }
    if (value === null || typeof value === "boolean" || typeof value === "number") {
      return { kind: "plain", value };
    }
    const inner = (part: string | number): EntryPlace => ({
      ...place,
      path: [...place.path, part],
    });
    if (Array.isArray(value)) {
      return { kind: "list", items: value.map((item, at) => this.#json(item, inner(at))) };
    }
    if (!isTable(value)) throw badEntry(place.path, "is no JSON value", "Write texts and numbers");
    const entries = Object.entries(value).map(([name, item]): readonly [string, JsonSource] => [
      name,
      this.#json(item, inner(name)),
    ]);
    return { kind: "map", entries };
  }

  #written(key: string): string {
    const alias = this.#aliases[key];
    return alias !== undefined &&
      this.#table[key] === undefined &&
      Object.hasOwn(this.#table, alias)
      ? alias
      : key;
  }

  #valueOf(key: string): unknown {
    const written = this.#written(key);
    return Object.hasOwn(this.#table, written) ? this.#table[written] : undefined;
  }
}
