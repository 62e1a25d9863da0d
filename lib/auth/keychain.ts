/*
 * The keychain as templates and tasks of a pipeline use it.
 *
 * A template sees placeholders: random texts that stand for the value of an entry or of a field. They
 * are opened here, when a hop is dressed, in header values, query values and the body, and only for
 * the hosts of the entry. An entry without hosts goes to the origin of the request it is used in.
 */
import { Buffer } from "node:buffer";
import { WeirError } from "../base/errors.ts";
import type { HopRequest } from "../http/exchange.ts";
import { checkHeader } from "../http/headers.ts";
import type { Keychain } from "../secrets/keychain.ts";
import { Opening } from "../secrets/opener.ts";
import { encoded, type TextEncoding } from "../secrets/placeholder.ts";
import type { EntryField } from "../secrets/source.ts";
import { FieldedText } from "../template/values.ts";
import { checkReplayable, type CredentialStore, type Dressing } from "./bound.ts";
import { EntryDresser } from "./entry.ts";
import { filledCredentials, fillHop, fillText, type Placeholders } from "./fill.ts";

/** Begins a placeholder; 32 hexadecimal digits follow. */
const PREFIX = "weir-keychain-";
const PLACEHOLDER = /weir-keychain-[0-9a-f]{32}/g;
/** Finds what a template made of one, too. */
const ANY_CASE = /weir-keychain-[0-9a-f]{32}/gi;
const RANDOM_BYTES = 16;

/** Says whether a text holds what looks like a placeholder, opened by nobody yet. */
export function holdsPlaceholder(text: string): boolean {
  return text.search(ANY_CASE) >= 0;
}

/** The entries of one run: their placeholders, and the credentials that open them. */
export class KeychainCredentials {
  readonly #keychain: Keychain;
  readonly #random: (count: number) => Uint8Array;
  readonly #dresser: EntryDresser;
  readonly #issued = new Map<string, EntryField>();
  #names: ReadonlyMap<string, FieldedText> | undefined;

  /** @param random returns that many random bytes; what it returns must not be guessed */
  constructor(keychain: Keychain, random: (count: number) => Uint8Array) {
    this.#keychain = keychain;
    this.#random = random;
    this.#dresser = new EntryDresser(keychain);
  }

  /**
   * What templates know as `keychain`: each entry as the placeholder of its value, with those of its
   * fields. They are made when this is first asked for, and stay the same for the run.
   */
  get names(): ReadonlyMap<string, FieldedText> {
    this.#names ??= new Map(
      [...this.#keychain.fields].map(([entry, fields]) => {
        const named = fields.map((field) => [field, this.#issue({ entry, field })]);
        return [entry, new FieldedText(this.#issue({ entry }), Object.fromEntries(named))];
      }),
    );
    return this.#names;
  }

  /**
   * Returns credentials that open placeholders and then do what `base` does, whose lines win.
   *
   * A hop that an entry is not meant for is refused, or loses the header line when it is a redirect.
   * After a 401 what can be renewed is, once.
   *
   * @param origin where entries without hosts may go; that of the request itself when not given
   */
  around(base: CredentialStore, origin?: string): CredentialStore {
    if (this.#keychain.fields.size === 0) return base;
    const openings = new WeakMap<HopRequest, Opening>();
    const fill = async (hop: HopRequest): Promise<Dressing | undefined> => {
      if (this.#issued.size === 0) return undefined;
      const opening = new Opening(hop.url);
      openings.set(hop, opening);
      return await this.#fill(hop, opening, origin);
    };
    return filledCredentials(base, {
      fill,
      refill: async (hop) => {
        const opening = openings.get(hop);
        if (opening === undefined || !(await this.#keychain.renew(opening))) return undefined;
        checkReplayable(hop);
        return await fill(hop);
      },
    });
  }

  /**
   * Returns the credentials of `auth: NAME`: the entry on the request itself, and on redirects to
   * its hosts, or to the same origin when it has none; digest answers, one renewal on a 401.
   *
   * @param origin as for `around`
   * @throws {WeirError} SECRET_UNRESOLVED when there is no entry of this name
   */
  credentialStore(name: string, origin?: string): CredentialStore {
    this.#keychain.checkName(name);
    const isMeant = (hop: HopRequest): boolean => this.#isMeant(name, hop, origin);
    return {
      dress: async (hop) => {
        if (isMeant(hop)) return await this.#dresser.dress(name, hop);
        if (hop.hop > 0) return { lines: [] };
        throw this.#unmeant(name, hop);
      },
      answer: async (hop, challenge) =>
        isMeant(hop) ? await this.#dresser.answer(name, hop, challenge) : undefined,
    };
  }

  /**
   * Throws for a placeholder in a request that nobody opens it for: a server would learn it, and
   * could have it opened elsewhere.
   *
   * @throws {WeirError} SECRET_UNBOUND
   */
  checkNone({ url, headers, body }: HopRequest): void {
    const bytes = body.kind === "bytes" ? Buffer.from(body.bytes).toString("latin1") : "";
    const texts = [url.href, ...headers.flat(), bytes];
    for (const text of texts) {
      const issued = this.#issuedIn(text);
      if (issued === undefined) continue;
      const message = `Keychain entry ${issued.entry} stands in a request of a script or a plugin`;
      throw new WeirError("SECRET_UNBOUND", message, {
        hint: "Send it with an http task; a plugin has weir.secret",
        details: { name: issued.entry },
      });
    }
  }

  #issue(field: EntryField): string {
    const text = PREFIX + this.#random(RANDOM_BYTES).toHex();
    this.#issued.set(text, field);
    return text;
  }

  /** Says whether an entry may go to this hop. */
  #isMeant(name: string, { url, hop, first }: HopRequest, origin: string | undefined): boolean {
    if (!this.#keychain.isFor(name, url)) return false;
    if (this.#keychain.isBound(name)) return true;
    const own = origin ?? (hop === 0 ? url : first)?.origin;
    return own === url.origin;
  }

  /** Returns the error for an entry that is not meant for a hop. */
  #unmeant(name: string, { url }: HopRequest): WeirError {
    const refusal = this.#keychain.refusalFor(name, url);
    if (refusal !== undefined) return refusal;
    const message = `Credential ${name} is not sent to ${url.origin}: the request was made for another origin`;
    return new WeirError("SECRET_UNBOUND", message, {
      hint: `Add hosts = ["${url.host}"] to the entry if it is meant for it`,
      details: { name, origin: url.origin },
    });
  }

  async #fill(
    hop: HopRequest,
    opening: Opening,
    origin: string | undefined,
  ): Promise<Dressing | undefined> {
    this.#checkPlaces(hop);
    this.#checkUnchanged(hop);
    const placeholders: Placeholders = {
      prefix: PREFIX,
      pattern: PLACEHOLDER,
      isLeftOut: (found, { hop: number }) => {
        const issued = this.#issued.get(found);
        return issued !== undefined && number > 0 && !this.#isMeant(issued.entry, hop, origin);
      },
      open: async (found, _hop, encoding) => {
        const issued = this.#issued.get(found);
        if (issued === undefined) return undefined;
        if (!this.#isMeant(issued.entry, hop, origin)) throw this.#unmeant(issued.entry, hop);
        return await this.#written(issued, opening, encoding);
      },
    };
    const filled = await fillHop(hop, placeholders);
    const search = await fillText(hop.url.search, hop, placeholders, "form");
    if (search === hop.url.search) return filled;
    const url = new URL(hop.url);
    url.search = search;
    return { lines: [], ...filled, url };
  }

  async #written(field: EntryField, opening: Opening, encoding: TextEncoding): Promise<string> {
    const value = (await this.#keychain.valueFor(field, opening)).open();
    if (encoding === "header") checkHeader(field.entry, value);
    return encoded(value, encoding);
  }

  /**
   * Throws for a placeholder where no value may stand: in host or path of the URL, or in the name of
   * a parameter or a header.
   */
  #checkPlaces({ url, headers }: HopRequest): void {
    const names = url.search
      .slice(1)
      .split("&")
      .map((pair) => pair.split("=", 1)[0] ?? "");
    const places: readonly (readonly [place: string, text: string])[] = [
      ["the host of a URL", url.hostname],
      ["the path of a URL", url.pathname],
      ["the name of a query parameter", names.join("&")],
      ["the name of a header", headers.map(([name]) => name).join(" ")],
    ];
    for (const [place, text] of places) {
      const issued = this.#issuedIn(text);
      if (issued === undefined) continue;
      const message = `Keychain entry ${issued.entry} stands in ${place}`;
      throw new WeirError("SECRET_UNBOUND", message, {
        hint: "Put it into a header value, a query value or the body, or use auth",
        details: { name: issued.entry },
      });
    }
  }

  /** Throws for a placeholder that a filter changed: it would be sent as it stands. */
  #checkUnchanged({ url, headers }: HopRequest): void {
    for (const text of [url.search, ...headers.map(([, value]) => value)]) {
      for (const [found] of text.matchAll(ANY_CASE)) {
        const issued = this.#issued.get(found.toLowerCase());
        if (issued === undefined || this.#issued.has(found)) continue;
        const message = `Keychain entry ${issued.entry} was changed by a filter`;
        throw new WeirError("SECRET_UNBOUND", message, {
          hint: `Write {{ keychain.${issued.entry} }} without filters: its value is put in later`,
          details: { name: issued.entry },
        });
      }
    }
  }

  #issuedIn(text: string): EntryField | undefined {
    if (!text.toLowerCase().includes(PREFIX)) return undefined;
    const found = [...text.toLowerCase().matchAll(PLACEHOLDER)];
    return found.map(([one]) => this.#issued.get(one)).find((one) => one !== undefined);
  }
}
