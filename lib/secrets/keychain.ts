/*
 * Credentials by name: what an operator wrote under [keychain], or a pipeline file beside it, read
 * once, opened when a hop is dressed.
 *
 * reference.ts says where a value is, kinds/ how an entry becomes header lines, hosts.ts where it
 * may go, renewal.ts how long a fetched one lives. Each opened value joins the redactor before
 * anybody gets it. This room stores nothing, and sends nothing by itself: a request for a token goes
 * through a port.
 */
import { WeirError } from "../base/errors.ts";
import type { Secret } from "../base/secret.ts";
import { checkHeader } from "../http/headers.ts";
import { checkUrl, refusal, unbound } from "./binding.ts";
import { compileEntry, type Entry, type EntryOptions } from "./entry.ts";
import { isTable } from "./fields.ts";
import type { Credential } from "./lines.ts";
import { checkNeeds } from "./needs.ts";
import { entryOf, type KeychainPorts, Opener, Opening, type Renewals } from "./opener.ts";
import type { TextEncoding } from "./placeholder.ts";
import { secretNames, withValues } from "./placeholder.ts";
import type { KeyPath } from "./problem.ts";
import { badEntry } from "./problem.ts";
import type { EntryField } from "./source.ts";

/** How the entries of a configuration are read. */
export interface KeychainOptions extends EntryOptions {
  /** Where the entries stand; `["keychain"]` when not given. */
  readonly path?: KeyPath | undefined;
}

/** Which secrets a text may refer to, and where it goes. */
export interface FillOptions {
  /** Name of the entry by the name a text uses. */
  readonly names: ReadonlyMap<string, string>;
  readonly url: URL;
  /** "header" when not given: a value that cannot stand in one is refused. */
  readonly encoding?: TextEncoding | undefined;
}

/**
 * Reads the entries under [keychain]; opens none of them.
 *
 * @throws {WeirError} CONFIG_INVALID, CONFIG_UNKNOWN_KEY, SECRET_REFERENCE or SECRET_EXPOSED, with
 *   the key path in `details.path`
 */
export function compileKeychain(
  input: unknown,
  options: KeychainOptions,
  ports: KeychainPorts,
): Keychain {
  const { path = ["keychain"] } = options;
  const table = input ?? {};
  if (!isTable(table)) throw badEntry(path, "is not a table", "Write [keychain.NAME]");
  const entries = Object.entries(table).map(([name, value]) =>
    compileEntry(name, value, [...path, name], options),
  );
  return new Keychain(entries, ports);
}

/** Opens credentials by name, for the hosts they are meant for. */
export class Keychain {
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #ports: KeychainPorts;
  readonly #renewals: Renewals;
  readonly #opener: Opener;

  /** @throws {WeirError} CONFIG_INVALID when entries refer to what is not there, or in a circle */
  constructor(entries: readonly Entry[], ports: KeychainPorts, renewals: Renewals = new Map()) {
    this.#entries = new Map(entries.map((entry) => [entry.name, entry]));
    this.#ports = ports;
    this.#renewals = renewals;
    this.#opener = new Opener(this.#entries, ports, renewals);
    checkNeeds(this.#entries);
  }

  /** Returns a keychain with further entries, which may refer to these; tokens are shared. */
  with(entries: readonly Entry[]): Keychain {
    return new Keychain([...this.#entries.values(), ...entries], this.#ports, this.#renewals);
  }

  /** Hosts of each entry, as written; undefined for one that is bound to none. */
  get hosts(): ReadonlyMap<string, readonly string[] | undefined> {
    return new Map([...this.#entries].map(([name, { hosts }]) => [name, hosts]));
  }

  /** Names of the fields of each entry. */
  get fields(): ReadonlyMap<string, readonly string[]> {
    return new Map([...this.#entries].map(([name, { use }]) => [name, [...use.fields.keys()]]));
  }

  /** Names of all headers that entries set: none of them may follow a redirect to another origin. */
  get headerNames(): readonly string[] {
    return [...new Set([...this.#entries.values()].flatMap(({ use }) => use.headerNames))];
  }

  /** Says whether the entry may go to `url`: one of its hosts, or any when it has none, over https. */
  isFor(name: string, url: URL): boolean {
    return refusal(entryOf(this.#entries, name), url) === undefined;
  }

  /** Returns the error for an entry that may not go to `url`, undefined when it may. */
  refusalFor(name: string, url: URL): WeirError | undefined {
    const entry = entryOf(this.#entries, name);
    const why = refusal(entry, url);
    return why === undefined ? undefined : unbound(entry, url, why);
  }

  /** Says whether the entry is bound to hosts. */
  isBound(name: string): boolean {
    return entryOf(this.#entries, name).bindings !== undefined;
  }

  /**
   * Returns what a request to `url` is dressed with.
   *
   * An entry without hosts goes to any host: then the caller binds it to an origin.
   *
   * @throws {WeirError} SECRET_UNBOUND when the entry is not for this URL, SECRET_UNRESOLVED,
   *   SECRET_EXPOSED or TOKEN_* when it has no value; the request must not be sent without it then
   */
  async credentialFor(name: string, url: URL, opening = new Opening(url)): Promise<Credential> {
    return await this.#opener.credentialFor(name, opening);
  }

  /**
   * Returns user and password of an entry that answers challenges, undefined for any other.
   *
   * @throws {WeirError} as `credentialFor`
   */
  async loginFor(name: string, url: URL): Promise<{ user: string; secret: Secret } | undefined> {
    const entry = entryOf(this.#entries, name);
    const { login } = entry.use;
    if (login === undefined) return undefined;
    checkUrl(entry, url);
    const opening = new Opening(url);
    const user = await this.#opener.open(login.user, opening);
    return { user: user.open(), secret: await this.#opener.open(login.password, opening) };
  }

  /**
   * Returns the value of an entry, or of a field of it, which is sent to `opening.url`.
   *
   * @throws {WeirError} as `credentialFor`; CONFIG_INVALID for an entry with more than one value
   */
  async valueFor(wanted: EntryField, opening: Opening): Promise<Secret> {
    return await this.#opener.valueFor(wanted, opening);
  }

  /**
   * Renews what was opened, after a server refused it, and says whether anything changed.
   *
   * @throws {WeirError} what the renewal throws
   */
  async renew({ fetched }: Opening): Promise<boolean> {
    let isChanged = false;
    for (const [renewal, used] of fetched) {
      const next = await renewal.after(used);
      if (next.value.open() !== used.value.open()) isChanged = true;
    }
    return isChanged;
  }

  /**
   * Returns `text`, a header value or a body, with each `{{secret:NAME}}` replaced.
   *
   * Only for the hosts of the entry, and only over https: the one who wrote the text is a model.
   *
   * @throws {WeirError} POLICY_DENIED for an unknown name, SECRET_UNBOUND, SECRET_UNRESOLVED
   */
  async fillSecrets(
    text: string,
    { names, url, encoding = "header" }: FillOptions,
  ): Promise<string> {
    const values = new Map<string, string>();
    for (const name of secretNames(text)) {
      const entry = this.#entries.get(names.get(name) ?? "");
      if (entry === undefined) {
        throw new WeirError("POLICY_DENIED", `No secret is called ${name}`, {
          hint: "Use one of the names under [http_request.secrets]",
          details: { name },
        });
      }
      const value = (await this.#openFor(entry, url)).open();
      if (encoding === "header") checkValue(name, value);
      values.set(name, value);
    }
    return withValues(text, values, encoding);
  }

  /** Throws SECRET_UNRESOLVED when there is no entry of this name. */
  checkName(name: string): void {
    entryOf(this.#entries, name);
  }

  /**
   * Returns the one value of an entry, for work inside weir such as a signature: no host gets it.
   *
   * @throws {WeirError} SECRET_UNRESOLVED, SECRET_EXPOSED, CONFIG_INVALID for more than one value
   */
  async valueOf(name: string): Promise<Secret> {
    return await this.valueFor({ entry: name }, new Opening(undefined));
  }

  async #openFor(entry: Entry, url: URL): Promise<Secret> {
    checkUrl(entry, url);
    if (entry.bindings === undefined || url.protocol !== "https:") {
      throw unbound(
        entry,
        url,
        "what a model or a plugin writes opens over https, to its hosts, only",
      );
    }
    return await this.valueFor({ entry: entry.name }, new Opening(url));
  }
}

/** Throws for a value that would end the header it stands in. */
function checkValue(name: string, value: string): void {
  try {
    checkHeader("X-Secret", value);
  } catch (cause) {
    throw new WeirError("SECRET_UNRESOLVED", `Secret ${name} has a control character`, {
      hint: "A value with a line break can stand in a JSON or form body only",
      details: { name },
      cause,
    });
  }
}
