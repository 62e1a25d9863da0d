import { compileEntry, type Entry, type EntryOptions } from "./entry.ts";
import { isTable } from "./fields.ts";
import type { Keychain } from "./keychain.ts";
import type { KeyPath } from "./problem.ts";
import { badEntry } from "./problem.ts";

/** How the keychain of a pipeline file is read. */
export interface PlaybookKeychainOptions extends EntryOptions {
  /** The user's own entries: what the file refers to, and may not replace. */
  readonly base: Keychain;
  /** True with `--trust`: entries of the file may read files and run commands. */
  readonly isTrusted: boolean;
}

/**
 * Returns the entries of the configuration with those of a pipeline file, `keychain:` at its root.
 *
 * A list has the name of an entry in `name`; in a map it is the key. A name may be used once: not
 * twice in the file, and not for an entry of the configuration too, also when both are the same.
 *
 * @throws {WeirError} CONFIG_INVALID, CONFIG_UNKNOWN_KEY, SECRET_REFERENCE, SECRET_EXPOSED or
 *   SECRET_UNTRUSTED, with the place in `details.path`, such as `["keychain", 0, "endpoint"]`
 */
export function readPlaybookKeychain(input: unknown, options: PlaybookKeychainOptions): Keychain {
  const { base } = options;
  const taken = new Set(base.hosts.keys());
  const seen = new Set<string>();
  const entries: Entry[] = [];
  for (const { name, path, namePath, value } of namedEntries(input)) {
    if (taken.has(name)) {
      const hint = `Rename it, or remove it and use [keychain.${name}] of the configuration`;
      throw badEntry(namePath, `is the name of an entry of the configuration, ${name}`, hint);
    }
    if (seen.has(name)) throw badEntry(namePath, "is used twice", "Give each entry its own name");
    seen.add(name);
    entries.push(compileEntry(name, value, path, options));
  }
  return base.with(entries);
}

interface NamedEntry {
  readonly name: string;
  readonly path: KeyPath;
  readonly namePath: KeyPath;
  readonly value: unknown;
}

function namedEntries(input: unknown): readonly NamedEntry[] {
  const root = "keychain";
  if (input === undefined || input === null) return [];
  if (Array.isArray(input)) return input.map((item, at) => listEntry(item, [root, at]));
  if (!isTable(input)) {
    throw badEntry([root], "is not a list", "Write a list of entries, each with name and kind");
  }
  return Object.entries(input).map(([name, value]) => {
    const path = [root, name];
    return { name, path, namePath: path, value };
  });
}

function listEntry(item: unknown, path: KeyPath): NamedEntry {
  const hint = "Write name: and kind: for each entry";
  if (!isTable(item)) throw badEntry(path, "is not a map", hint);
  const { name, ...value } = item;
  const namePath = [...path, "name"];
  if (typeof name !== "string" || name === "") {
    throw badEntry(namePath, name === undefined ? "is missing" : "is not a text", hint);
  }
  return { name, path, namePath, value };
}
