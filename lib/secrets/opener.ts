/*
 * Opens the values of entries: what they refer to, what is fetched for them, what is renewed.
 */
import type { Clock } from "../base/clock.ts";
import { WeirError } from "../base/errors.ts";
import { nearestName } from "../base/nearest.ts";
import type { Redactor } from "../base/redact.ts";
import { Secret } from "../base/secret.ts";
import { checkHeader } from "../http/headers.ts";
import { checkUrl } from "./binding.ts";
import { readCommandOutput } from "./command-output.ts";
import type { Entry } from "./entry.ts";
import type { Credential } from "./lines.ts";
import { badEntry } from "./problem.ts";
import type { CommandReference, ReferencePorts } from "./reference.ts";
import { openReference, runCommand } from "./reference.ts";
import { Renewal } from "./renewal.ts";
import type {
  ComposedSource,
  EntryField,
  Fetched,
  FetchedSource,
  Fetching,
  Source,
  TokenRequest,
} from "./source.ts";

/** What a keychain needs to open its entries. */
export interface KeychainPorts extends ReferencePorts {
  readonly redactor: Redactor;
  readonly clock: Pick<Clock, "now">;
  /** Sends the request for a token; undefined: tokens cannot be fetched here. */
  readonly request?: TokenRequest | undefined;
}

/** Where opened values go, and which of them can be renewed when the server refuses them. */
export class Opening {
  /** Undefined: nowhere, for work inside weir. */
  readonly url: URL | undefined;
  readonly fetched = new Map<Renewal, Fetched>();

  constructor(url: URL | undefined) {
    this.url = url;
  }
}

/** Values that were fetched and are kept for the run. */
export type Renewals = Map<Fetching | CommandReference, Renewal>;

/** Opens the values of a set of entries. */
export class Opener {
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #ports: KeychainPorts;
  readonly #renewals: Renewals;

  constructor(entries: ReadonlyMap<string, Entry>, ports: KeychainPorts, renewals: Renewals) {
    this.#entries = entries;
    this.#ports = ports;
    this.#renewals = renewals;
  }

  /** Returns what a request to `opening.url` is dressed with. */
  async credentialFor(name: string, opening: Opening): Promise<Credential> {
    const entry = entryOf(this.#entries, name);
    if (opening.url !== undefined) checkUrl(entry, opening.url);
    const credential = await entry.use.credential((source) => this.open(source, opening));
    for (const [header, value] of credential.headers) checkHeader(header, value.open());
    return credential;
  }

  /** Returns the value of an entry, or of a field of it, which is sent to `opening.url`. */
  async valueFor({ entry: name, field }: EntryField, opening: Opening): Promise<Secret> {
    const entry = entryOf(this.#entries, name);
    if (opening.url !== undefined) checkUrl(entry, opening.url);
    return await this.open(sourceOf(entry, field), opening);
  }

  /** Returns the value of a source; the redactor knows it before anybody else does. */
  async open(source: Source, opening: Opening): Promise<Secret> {
    const secret = await this.#read(source, opening);
    if (!this.#isPublic(source)) this.#ports.redactor.learn(secret);
    return secret;
  }

  async #read(source: Source, opening: Opening): Promise<Secret> {
    switch (source.kind) {
      case "composed":
        return await this.#compose(source, opening);
      case "command":
        return (await this.#fetched(source, opening)).value;
      case "fetched":
        return fieldOf(await this.#fetched(source.fetching, opening), source);
      case "env":
      case "file":
      case "literal":
        return await openReference(source, this.#ports);
    }
  }

  /** A value goes where every entry in it may go: an entry does not lend its hosts to another. */
  async #compose({ parts }: ComposedSource, opening: Opening): Promise<Secret> {
    const texts: string[] = [];
    for (const part of parts) {
      const isText = typeof part === "string";
      texts.push(isText ? part : (await this.valueFor(part, opening)).open());
    }
    return new Secret(texts.join(""));
  }

  async #fetched(by: Fetching | CommandReference, opening: Opening): Promise<Fetched> {
    let renewal = this.#renewals.get(by);
    if (renewal === undefined) {
      const isCommand = "argv" in by;
      renewal = new Renewal({
        clock: this.#ports.clock,
        isRenewed: isCommand || by.isRenewed,
        fetch: () => (isCommand ? this.#run(by) : this.#fetch(by)),
      });
      this.#renewals.set(by, renewal);
    }
    const fetched = await renewal.current();
    opening.fetched.set(renewal, fetched);
    return fetched;
  }

  async #run(reference: CommandReference): Promise<Fetched> {
    const { value, endsAtMs, lifeMs } = readCommandOutput(await runCommand(reference, this.#ports));
    const leftMs = endsAtMs === undefined ? lifeMs : endsAtMs - this.#ports.clock.now();
    return { value: new Secret(value), fields: new Map(), lifeMs: leftMs };
  }

  async #fetch(fetching: Fetching): Promise<Fetched> {
    const { request, redactor } = this.#ports;
    if (request === undefined) {
      throw new WeirError("SECRET_UNRESOLVED", "A token cannot be fetched here", {
        hint: "Use an entry whose value is not fetched with a request",
      });
    }
    return await fetching.fetch({
      request,
      open: (source, url) => this.open(source, new Opening(url)),
      credentialFor: (name, url) => this.credentialFor(name, new Opening(url)),
      learn: (secret) => redactor.learn(secret),
    });
  }

  #isPublic(source: Source): boolean {
    if (source.kind === "literal") return source.isPublic === true;
    if (source.kind !== "composed") return false;
    return source.parts.every(
      (part) =>
        typeof part === "string" ||
        this.#isPublic(sourceOf(entryOf(this.#entries, part.entry), part.field)),
    );
  }
}

/**
 * Returns the entry of this name.
 *
 * @throws {WeirError} SECRET_UNRESOLVED with the nearest name
 */
export function entryOf(entries: ReadonlyMap<string, Entry>, name: string): Entry {
  const entry = entries.get(name);
  if (entry !== undefined) return entry;
  const meant = nearestName(name, entries.keys());
  throw new WeirError("SECRET_UNRESOLVED", `The keychain has no entry ${name}`, {
    hint:
      meant === undefined ? `Add [keychain.${name}] to the configuration` : `Did you mean ${meant}`,
    details: { name },
  });
}

/** Returns where the value of an entry, or of a field of it, comes from. */
function sourceOf({ name, path, use }: Entry, field?: string): Source {
  const source = field === undefined ? use.value : use.fields.get(field);
  if (source !== undefined) return source;
  if (field === undefined) {
    const hint = `Use an entry with one value, or a field: ${[...use.fields.keys()].join(", ")}`;
    throw badEntry(path, "has more than one value", hint);
  }
  throw new WeirError("SECRET_UNRESOLVED", `Entry ${name} of the keychain has no field ${field}`, {
    hint: `Fields: ${[...use.fields.keys()].join(", ")}`,
    details: { name, field },
  });
}

function fieldOf({ value, fields }: Fetched, { field }: FetchedSource): Secret {
  if (field === undefined) return value;
  const found = fields.get(field);
  if (found !== undefined) return found;
  throw new WeirError("SECRET_UNRESOLVED", `The answer with the token has no ${field}`, {
    hint: `Correct fields.${field} of the entry`,
    details: { field },
  });
}
