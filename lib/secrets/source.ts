import type { Secret } from "../base/secret.ts";
import type { Exchange } from "../http/exchange.ts";
import type { Draft } from "../http/draft.ts";
import type { Credential } from "./lines.ts";
import type { KeyPath } from "./problem.ts";
import type { Reference } from "./reference.ts";

/** An entry that another one refers to, or a field of it. */
export interface EntryField {
  readonly entry: string;
  readonly field?: string | undefined;
}

/** A text with `{{ keychain.NAME }}` in it. */
export interface ComposedSource {
  readonly kind: "composed";
  readonly parts: readonly (string | EntryField)[];
}

/** A value that is fetched with a request; `field`: another one that came with it. */
export interface FetchedSource {
  readonly kind: "fetched";
  readonly fetching: Fetching;
  readonly field?: string | undefined;
}

/** Where a value of an entry comes from. */
export type Source = Reference | ComposedSource | FetchedSource;

/** What another entry has to have, and where that is written. */
export interface Need extends EntryField {
  readonly path: KeyPath;
  /** True when the entry dresses a request, so that it needs no single value. */
  readonly isCredential?: boolean | undefined;
}

/** A value that was fetched, and how long it lives. */
export interface Fetched {
  readonly value: Secret;
  readonly fields: ReadonlyMap<string, Secret>;
  /** Milliseconds from the beginning of the fetch; undefined: as long as the run. */
  readonly lifeMs?: number | undefined;
}

/** Sends the request for a token; follows no redirect. */
export type TokenRequest = (draft: Draft) => Promise<Exchange>;

/** What fetching a value needs. */
export interface FetchPorts {
  /** Returns a value that is sent to `url`. */
  open(source: Source, url: URL): Promise<Secret>;
  /** Returns what a request to `url` is dressed with by another entry. */
  credentialFor(name: string, url: URL): Promise<Credential>;
  /** Masks a value from now on. */
  learn(secret: Secret): void;
  readonly request: TokenRequest;
}

/** How a value with an end is got. */
export interface Fetching {
  /** True: it is fetched anew before it ends, and when a server refuses it. */
  readonly isRenewed: boolean;
  /** Returns a new value; throws when there is none. */
  fetch(ports: FetchPorts): Promise<Fetched>;
}
