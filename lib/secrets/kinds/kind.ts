import type { Secret } from "../../base/secret.ts";
import type { EntryFields } from "../fields.ts";
import type { Credential } from "../lines.ts";
import type { Source } from "../source.ts";

/** Returns the value of a source, which joins the redactor. */
export type Open = (source: Source) => Promise<Secret>;

/** One entry, read and not opened. */
export interface EntryUse {
  /** Names of the headers it sets. */
  readonly headerNames: readonly string[];
  /** What the name of the entry stands for; undefined when the entry has no single value. */
  readonly value: Source | undefined;
  /** What `NAME.FIELD` stands for, by the field. */
  readonly fields: ReadonlyMap<string, Source>;
  /** User and password that answer a challenge; undefined when they are never asked for. */
  readonly login?: { readonly user: Source; readonly password: Source } | undefined;
  credential(open: Open): Promise<Credential>;
}

/** A kind of keychain entry. */
export interface KeychainKind {
  /** The word after `kind =`. */
  readonly name: string;
  /** One line for the manual. */
  readonly summary: string;
  /** Its keys, beside kind, hosts and insecure. */
  readonly keys: readonly string[];
  /** Other words for its keys, by the key. */
  readonly aliases?: Readonly<Record<string, string>> | undefined;
  /** Reads the keys; throws CONFIG_INVALID and SECRET_* with the key path. */
  compile(fields: EntryFields): EntryUse;
}
