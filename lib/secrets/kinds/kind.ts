import type { Secret } from "../../base/secret.ts";
import type { EntryFields } from "../fields.ts";
import type { Reference } from "../reference.ts";

/** A name with the value that goes with it. */
export type SecretLine = readonly [name: string, value: Secret];

/** What a request is dressed with. */
export interface Credential {
  /** Header lines; they replace lines of the same name. */
  readonly headers: readonly SecretLine[];
  /** Query parameters; they replace parameters of the same name. */
  readonly query: readonly SecretLine[];
}

/** Returns the value of a reference, which joins the redactor. */
export type Open = (reference: Reference) => Promise<Secret>;

/** One entry, read and not opened. */
export interface EntryUse {
  /** Names of the headers it sets. */
  readonly headerNames: readonly string[];
  /** What `{{secret:NAME}}` stands for; undefined when the entry has no single value. */
  readonly value: Reference | undefined;
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
  /** Reads the keys; throws CONFIG_INVALID, SECRET_REFERENCE or SECRET_EXPOSED. */
  compile(fields: EntryFields): EntryUse;
}
