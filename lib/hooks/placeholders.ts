import type { CredentialStore } from "../auth/bound.ts";
import {
  filledCredentials,
  fillHop,
  type Placeholders as OpenedPlaceholders,
} from "../auth/fill.ts";
import type { Secret } from "../base/secret.ts";
import type { TextEncoding } from "../secrets/placeholder.ts";
import type { HookSecrets } from "./operations.ts";

/** The keychain as plugins may use it. */
export interface SecretSource {
  /** Throws SECRET_UNRESOLVED when there is no entry of this name. */
  check(name: string): Promise<void>;
  /** Returns the value for a key of an HMAC, which never leaves weir. */
  value(name: string): Promise<Secret>;
  /** Returns the value as it is written to `url`; throws SECRET_UNBOUND for a host it is not for. */
  written(name: string, url: URL, encoding: TextEncoding): Promise<string>;
}

/** Begins a placeholder; 32 hexadecimal digits follow. */
const PREFIX = "weir-secret-";
const PLACEHOLDER = /weir-secret-[0-9a-f]{32}/g;

/** Of the digits one half is the same in all of a run, so that what knows it can hide them all. */
const HALF_BYTES = 8;

/** Placeholders that are remembered, so that a request of many tries can open one again. */
const ISSUED_LIMIT = 10_000;

/** A placeholder that was handed out. */
interface Issued {
  readonly plugin: string;
  readonly name: string;
}

/**
 * Placeholders for secrets, and the credentials that open them.
 *
 * Each is random and handed out once, so that text of a server or of another plugin that looks like
 * one opens nothing. It opens as often as it is sent: a request has tries and redirects.
 */
export class Placeholders implements HookSecrets {
  readonly #source: SecretSource;
  readonly #random: (count: number) => Uint8Array;
  readonly #issued = new Map<string, Issued>();
  /** What every placeholder begins with, for a redactor: the rest of one opens nothing. */
  readonly beginning: string;

  constructor(source: SecretSource, random: (count: number) => Uint8Array) {
    this.#source = source;
    this.#random = random;
    this.beginning = PREFIX + random(HALF_BYTES).toHex();
  }

  /** Says whether a text holds a placeholder that opens something. */
  isIn(text: string): boolean {
    return Array.from(text.matchAll(PLACEHOLDER)).some(([found]) => this.#issued.has(found));
  }

  /** Returns a new placeholder for an entry of the keychain. */
  async placeholder(plugin: string, name: string): Promise<string> {
    await this.#source.check(name);
    const text = this.beginning + this.#random(HALF_BYTES).toHex();
    this.#issued.set(text, { plugin, name });
    const [oldest = ""] = this.#issued.keys();
    if (this.#issued.size > ISSUED_LIMIT) this.#issued.delete(oldest);
    return text;
  }

  /** Returns the value behind a placeholder of this plugin, undefined when the text is none. */
  async open(plugin: string, placeholder: string): Promise<Secret | undefined> {
    const issued = this.#issued.get(placeholder);
    return issued?.plugin === plugin ? await this.#source.value(issued.name) : undefined;
  }

  /**
   * Returns credentials that open placeholders in header values and body, and then do what `base` does.
   *
   * @param plugin whose own requests they are for: it opens what was given to it, and no other's
   */
  around(base: CredentialStore, plugin?: string): CredentialStore {
    const placeholders: OpenedPlaceholders = {
      prefix: PREFIX,
      pattern: PLACEHOLDER,
      open: async (found, { url }, encoding) => {
        const issued = this.#issued.get(found);
        if (issued === undefined || (plugin ?? issued.plugin) !== issued.plugin) return undefined;
        return await this.#source.written(issued.name, url, encoding);
      },
    };
    return filledCredentials(base, {
      fill: async (hop) => (this.#issued.size === 0 ? undefined : await fillHop(hop, placeholders)),
    });
  }
}
