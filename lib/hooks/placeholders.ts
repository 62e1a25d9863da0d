import type { CredentialStore } from "../auth/bound.ts";
import { utf8 } from "../base/bytes.ts";
import type { Secret } from "../base/secret.ts";
import { type Body, textBody } from "../http/body.ts";
import type { HopRequest } from "../http/exchange.ts";
import { type HeaderEntry, headerValue } from "../http/headers.ts";
import { encodingOf, type TextEncoding } from "../secrets/placeholder.ts";
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

/** Placeholders that are remembered; one lives as long as the call it was made in. */
const ISSUED_LIMIT = 10_000;

/** A placeholder that was handed out. */
interface Issued {
  readonly plugin: string;
  readonly name: string;
}

/** Where a text goes, and whose placeholders open there; undefined: those of every plugin. */
interface Place {
  readonly url: URL;
  readonly encoding: TextEncoding;
  readonly plugin: string | undefined;
}

/**
 * Placeholders for secrets, and the credentials that open them.
 *
 * Each is random and handed out once, so that text of a server or of another plugin that looks like
 * one opens nothing.
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
    return {
      answer: (request, challenge) => base.answer(request, challenge),
      dress: async (request) => {
        const filled = await this.#fill(request, plugin);
        if (filled === undefined) return await base.dress(request);
        const { headers, body } = filled;
        const dressing = await base.dress(body === undefined ? request : { ...request, body });
        const own = new Set(dressing.lines.map(([name]) => name.toLowerCase()));
        const lines = headers.filter(([name]) => !own.has(name.toLowerCase()));
        return { body, ...dressing, lines: [...lines, ...dressing.lines] };
      },
    };
  }

  /** Returns the lines and the body of a hop with their values; undefined when there is none. */
  async #fill(hop: HopRequest, plugin: string | undefined) {
    if (this.#issued.size === 0) return undefined;
    const headers = await Promise.all(
      hop.headers.map(async ([name, value]): Promise<HeaderEntry> => [
        name,
        await this.#open(value, { url: hop.url, encoding: "header", plugin }),
      ]),
    );
    const changed = headers.filter(([, value], at) => value !== hop.headers[at]?.[1]);
    const body = await this.#fillBody(hop, plugin);
    return changed.length === 0 && body === undefined ? undefined : { headers: changed, body };
  }

  async #fillBody(
    { body, headers, url }: HopRequest,
    plugin: string | undefined,
  ): Promise<Body | undefined> {
    if (body.kind !== "bytes" || !hasPrefix(body.bytes)) return undefined;
    const text = new TextDecoder().decode(body.bytes);
    const encoding = encodingOf(headerValue(headers, "content-type"));
    const filled = await this.#open(text, { url, encoding, plugin });
    return filled === text ? undefined : textBody(filled);
  }

  async #open(text: string, { url, encoding, plugin }: Place): Promise<string> {
    if (!text.includes(PREFIX)) return text;
    const values = new Map<string, string>();
    for (const [placeholder] of text.matchAll(PLACEHOLDER)) {
      const issued = this.#issued.get(placeholder);
      if (issued === undefined || (plugin !== undefined && issued.plugin !== plugin)) continue;
      values.set(placeholder, await this.#source.written(issued.name, url, encoding));
    }
    return text.replaceAll(PLACEHOLDER, (placeholder) => values.get(placeholder) ?? placeholder);
  }
}

const PREFIX_BYTES = utf8(PREFIX);

function hasPrefix(bytes: Uint8Array): boolean {
  const [first = 0] = PREFIX_BYTES;
  for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (PREFIX_BYTES.every((byte, offset) => bytes[at + offset] === byte)) return true;
  }
  return false;
}
