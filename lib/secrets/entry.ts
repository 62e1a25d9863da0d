import { nearestName } from "../base/nearest.ts";
import { EntryFields, isTable } from "./fields.ts";
import type { HostBinding, IsPublicSuffix } from "./hosts.ts";
import { parseBinding } from "./hosts.ts";
import { KEYCHAIN_KINDS, LATER_KINDS } from "./kinds/index.ts";
import type { EntryUse, KeychainKind } from "./kinds/kind.ts";
import type { KeyPath } from "./problem.ts";
import { badEntry } from "./problem.ts";
import type { Need } from "./source.ts";

/** How the entries of one file are read. */
export interface EntryOptions {
  /** True when nobody but the owner can read the file: values themselves may stand in it. */
  readonly isBareAllowed: boolean;
  /** Refuses `*.` before a name that anybody can register below; single labels always are. */
  readonly isPublicSuffix?: IsPublicSuffix | undefined;
  /** Folder that a relative path of `file:` starts from; that of the ports when not given. */
  readonly folder?: string | undefined;
  /** False for a pipeline file without `--trust`; true when not given. */
  readonly isTrusted?: boolean | undefined;
}

/** One entry of the keychain, read and not opened. */
export interface Entry {
  readonly name: string;
  readonly path: KeyPath;
  /** As written; undefined when the entry is bound to no host. */
  readonly hosts: readonly string[] | undefined;
  readonly bindings: readonly HostBinding[] | undefined;
  readonly isInsecure: boolean;
  readonly use: EntryUse;
  /** Other entries its values refer to. */
  readonly needs: readonly Need[];
}

const SHARED_KEYS = ["kind", "hosts", "insecure"];
const NAME = /^[A-Za-z0-9_.-]+$/;

/**
 * Reads one entry; opens nothing.
 *
 * @throws {WeirError} CONFIG_INVALID, CONFIG_UNKNOWN_KEY, SECRET_REFERENCE, SECRET_EXPOSED or
 *   SECRET_UNTRUSTED, with the key path in `details.path`
 */
export function compileEntry(
  name: string,
  value: unknown,
  path: KeyPath,
  options: EntryOptions,
): Entry {
  const { isBareAllowed, isPublicSuffix = () => false, folder, isTrusted = true } = options;
  if (!NAME.test(name)) throw badEntry(path, "has a name with other letters", "Use A-Z 0-9 _ . -");
  if (!isTable(value)) throw badEntry(path, "is not a table", `Write [keychain.${name}]`);
  const untrusted = isTrusted ? undefined : name;
  const place = { entry: name, path, isBareAllowed, folder, untrusted };
  const kind = kindOf(new EntryFields(value, place));
  const fields = new EntryFields(value, place, kind.aliases);
  fields.checkKeys([...SHARED_KEYS, ...kind.keys]);
  const hosts = fields.texts("hosts");
  const bindings = hosts?.map((host, at) =>
    parseBinding(host, [...fields.pathOf("hosts"), at], isPublicSuffix),
  );
  const isInsecure = fields.flag("insecure", false);
  const use = kind.compile(fields);
  return { name, path, hosts, bindings, isInsecure, use, needs: fields.needs };
}

function kindOf(fields: EntryFields): KeychainKind {
  const word = fields.text("kind");
  const kind = KEYCHAIN_KINDS.find((one) => one.name === word);
  if (kind !== undefined) return kind;
  const names = KEYCHAIN_KINDS.map((one) => one.name);
  const known = `Known kinds: ${names.join(", ")}`;
  const path = fields.pathOf("kind");
  if (LATER_KINDS.includes(word)) {
    throw badEntry(path, `names ${word}, which is not available in this version`, known);
  }
  const meant = nearestName(word, names);
  throw badEntry(path, "names no kind", meant === undefined ? known : `Write ${meant}. ${known}`);
}
