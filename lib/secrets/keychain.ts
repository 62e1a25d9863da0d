/*
 * Credentials by name: what an operator wrote under [keychain], read once, opened when a hop is
 * dressed.
 *
 * reference.ts says where a value is, kinds/ how an entry becomes header lines, hosts.ts where it
 * may go. Each opened value joins the redactor before anybody gets it. This room stores nothing and
 * sends nothing.
 */
import { WeirError } from "../base/errors.ts";
import { nearestName } from "../base/nearest.ts";
import type { Redactor } from "../base/redact.ts";
import type { Secret } from "../base/secret.ts";
import type { HeaderList } from "../http/headers.ts";
import { checkHeader } from "../http/headers.ts";
import { EntryFields, isTable } from "./fields.ts";
import type { HostBinding, IsPublicSuffix } from "./hosts.ts";
import { isBound, isLoopback, parseBinding } from "./hosts.ts";
import { KEYCHAIN_KINDS, LATER_KINDS } from "./kinds/index.ts";
import type { Credential, EntryUse, KeychainKind, SecretLine } from "./kinds/kind.ts";
import type { TextEncoding } from "./placeholder.ts";
import { secretNames, withValues } from "./placeholder.ts";
import type { KeyPath } from "./problem.ts";
import { badEntry } from "./problem.ts";
import type { Reference, ReferencePorts } from "./reference.ts";
import { openReference } from "./reference.ts";

/** How the entries of one file are read. */
export interface KeychainOptions {
  /** True when nobody but the owner can read the file: values themselves may stand in it. */
  readonly isBareAllowed: boolean;
  /** Where the entries stand; `["keychain"]` when not given. */
  readonly path?: KeyPath | undefined;
  /** Refuses `*.` before a name that anybody can register below; single labels always are. */
  readonly isPublicSuffix?: IsPublicSuffix | undefined;
}

/** What a keychain needs to open its entries. */
export interface KeychainPorts extends ReferencePorts {
  readonly redactor: Redactor;
}

/** Which secrets a text may refer to, and where it goes. */
export interface FillOptions {
  /** Name of the entry by the name a text uses. */
  readonly names: ReadonlyMap<string, string>;
  readonly url: URL;
  /** "header" when not given: a value that cannot stand in one is refused. */
  readonly encoding?: TextEncoding | undefined;
}

interface Entry {
  readonly name: string;
  readonly path: KeyPath;
  /** As written; undefined when the entry is bound to no host. */
  readonly hosts: readonly string[] | undefined;
  readonly bindings: readonly HostBinding[] | undefined;
  readonly isInsecure: boolean;
  readonly use: EntryUse;
}

const SHARED_KEYS = ["kind", "hosts", "insecure"];
const NAME = /^[A-Za-z0-9_.-]+$/;

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
    compileEntry(name, value, { ...options, path: [...path, name] }),
  );
  return new Keychain(entries, ports);
}

function compileEntry(
  name: string,
  value: unknown,
  options: KeychainOptions & { readonly path: KeyPath },
): Entry {
  const { path, isBareAllowed, isPublicSuffix = () => false } = options;
  if (!NAME.test(name)) throw badEntry(path, "has a name with other letters", "Use A-Z 0-9 _ . -");
  if (!isTable(value)) throw badEntry(path, "is not a table", `Write [keychain.${name}]`);
  const fields = new EntryFields(value, path, isBareAllowed);
  const kind = kindOf(fields);
  fields.checkKeys([...SHARED_KEYS, ...kind.keys]);
  const hosts = fields.texts("hosts");
  const bindings = hosts?.map((host, at) =>
    parseBinding(host, [...fields.pathOf("hosts"), at], isPublicSuffix),
  );
  const isInsecure = fields.flag("insecure", false);
  return { name, path, hosts, bindings, isInsecure, use: kind.compile(fields) };
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

/** Opens credentials by name, for the hosts they are meant for. */
export class Keychain {
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #ports: KeychainPorts;

  constructor(entries: readonly Entry[], ports: KeychainPorts) {
    this.#entries = new Map(entries.map((entry) => [entry.name, entry]));
    this.#ports = ports;
  }

  /** Hosts of each entry, as written; undefined for one that is bound to none. */
  get hosts(): ReadonlyMap<string, readonly string[] | undefined> {
    return new Map([...this.#entries].map(([name, { hosts }]) => [name, hosts]));
  }

  /** Names of all headers that entries set: none of them may follow a redirect to another origin. */
  get headerNames(): readonly string[] {
    return [...new Set([...this.#entries.values()].flatMap(({ use }) => use.headerNames))];
  }

  /**
   * Returns what a request to `url` is dressed with.
   *
   * An entry without hosts goes to any host: then the caller binds it to an origin.
   *
   * @throws {WeirError} SECRET_UNBOUND when the entry is not for this URL, SECRET_UNRESOLVED or
   *   SECRET_EXPOSED when it has no value; the request must not be sent without it then
   */
  async credentialFor(name: string, url: URL): Promise<Credential> {
    const entry = this.#entry(name);
    checkUrl(entry, url);
    const credential = await entry.use.credential(this.#open);
    for (const [header, value] of credential.headers) checkHeader(header, value.open());
    return credential;
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
    this.#entry(name);
  }

  /**
   * Returns the one value of an entry, for work inside weir such as a signature: no host gets it.
   *
   * @throws {WeirError} SECRET_UNRESOLVED, SECRET_EXPOSED, CONFIG_INVALID for more than one value
   */
  async valueOf(name: string): Promise<Secret> {
    const { use, path } = this.#entry(name);
    if (use.value !== undefined) return await this.#open(use.value);
    throw badEntry(path, "has more than one value", "Use an entry with one value");
  }

  async #openFor(entry: Entry, url: URL): Promise<Secret> {
    checkUrl(entry, url);
    if (entry.bindings === undefined || url.protocol !== "https:") {
      throw unbound(entry, url, "a model may send it over https, to its hosts, only");
    }
    if (entry.use.value === undefined) {
      throw badEntry(entry.path, "has more than one value", "Use an entry with one value");
    }
    return this.#open(entry.use.value);
  }

  readonly #open = async (reference: Reference): Promise<Secret> => {
    const secret = await openReference(reference, this.#ports);
    this.#ports.redactor.learn(secret);
    return secret;
  };

  #entry(name: string): Entry {
    const entry = this.#entries.get(name);
    if (entry !== undefined) return entry;
    const meant = nearestName(name, this.#entries.keys());
    throw new WeirError("SECRET_UNRESOLVED", `The keychain has no entry ${name}`, {
      hint: meant === undefined ? `Add [keychain.${name}]` : `Did you mean ${meant}`,
      details: { name },
    });
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

function checkUrl(entry: Entry, url: URL): void {
  if (entry.bindings !== undefined && !isBound(entry.bindings, url)) {
    throw unbound(entry, url, `it is meant for ${entry.hosts?.join(", ")}`);
  }
  const isSafe = url.protocol === "https:";
  const isAllowed = entry.isInsecure || isLoopback(url.hostname.replace(/\.$/, ""));
  if (isSafe || (url.protocol === "http:" && isAllowed)) return;
  throw unbound(entry, url, "it is sent over https only");
}

function unbound({ name }: Entry, { origin }: URL, why: string): WeirError {
  return new WeirError("SECRET_UNBOUND", `Credential ${name} is not sent to ${origin}: ${why}`, {
    hint: `Use another URL, or let the operator change hosts or insecure of [keychain.${name}]`,
    details: { name, origin },
  });
}

/** Returns the lines with their values open, for the request that is sent next. */
export function openLines(lines: readonly SecretLine[]): HeaderList {
  return lines.map(([name, value]) => [name, value.open()]);
}

/** Returns `url` with the parameters of a credential in place of those of the same name. */
export function withQuery(url: URL, query: readonly SecretLine[]): URL {
  if (query.length === 0) return url;
  const names = new Set(query.map(([name]) => name));
  // Piece by piece: URLSearchParams would write the other parameters in its own way.
  const others = url.search
    .slice(1)
    .split("&")
    .filter((pair) => pair !== "" && !names.has([...new URLSearchParams(pair).keys()][0] ?? ""));
  const own = query.map(([name, value]) =>
    new URLSearchParams({ [name]: value.open() }).toString(),
  );
  const dressed = new URL(url);
  dressed.search = [...others, ...own].join("&");
  return dressed;
}
