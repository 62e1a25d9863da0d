import { utf8 } from "../../base/bytes.ts";
import { Secret } from "../../base/secret.ts";
import { encodeForm, type FormPair } from "../../http/form.ts";
import type { EntryFields } from "../fields.ts";
import { badEntry } from "../problem.ts";
import type { FetchPorts, Source } from "../source.ts";
import { valueAt } from "../token-path.ts";
import type { MoreParts } from "../token-request.ts";
import { tokenSources } from "../token-request.ts";
import { bearerUse } from "./bearer.ts";
import type { KeychainKind } from "./kind.ts";
import {
  checkLife,
  isLife,
  readAnswerShape,
  readEndpoint,
  readMethod,
  TOKEN_KEYS,
} from "./token-keys.ts";

const GRANTS = ["client_credentials", "refresh_token"] as const;

/** A token of an authorization server, RFC 6749 sections 4.4 and 6. */
export const oauth2: KeychainKind = {
  name: "oauth2",
  summary: "endpoint, client_id and client_secret of an OAuth2 client; see below",
  keys: [...TOKEN_KEYS, "grant", "client_id", "client_secret", "refresh_token", "auth_style"],
  compile(fields) {
    checkLife(fields);
    const login = new OAuth2Login(fields);
    const { value, fields: named } = tokenSources({
      entry: fields.entry,
      endpoint: readEndpoint(fields),
      method: readMethod(fields),
      headers: fields.has("headers") ? fields.values("headers", "header") : [],
      body: {
        kind: "form",
        pairs: fields.has("data") ? fields.values("data", "parameter") : [],
      },
      answer: readAnswerShape(fields),
      isRenewed: fields.flag("auto_renew", true),
      more: (ports, endpoint) => login.parts(ports, endpoint),
      onAnswer: (document, ports) => login.keep(document, ports),
    });
    return bearerUse(value, [...login.fields, ...named]);
  },
};

/** What an OAuth2 client says of itself; keeps the refresh token, which a server may replace. */
class OAuth2Login {
  readonly #grant: (typeof GRANTS)[number];
  readonly #id: Source | undefined;
  readonly #secret: Source | undefined;
  readonly #scope: Source | undefined;
  readonly #isBasic: boolean;
  #refresh: Source | undefined;

  constructor(fields: EntryFields) {
    this.#grant = readGrant(fields);
    const isRefresh = this.#grant === "refresh_token";
    // Both may stand in data, as pipeline files of other tools have it.
    const hasData = fields.has("data");
    this.#id = hasData && !fields.has("client_id") ? undefined : fields.openReference("client_id");
    this.#secret = fields.has("client_secret") ? fields.reference("client_secret") : undefined;
    if (this.#secret === undefined && !hasData && !isRefresh) fields.reference("client_secret");
    this.#refresh = isRefresh && !hasData ? fields.reference("refresh_token") : undefined;
    if (isRefresh && hasData && fields.has("refresh_token")) {
      this.#refresh = fields.reference("refresh_token");
    }
    this.#scope =
      fields.has("scope") && !isLife(fields) ? fields.openReference("scope") : undefined;
    this.#isBasic = fields.word("auth_style", ["basic", "body"]) === "basic";
  }

  /** What templates and other entries may refer to. */
  get fields(): readonly (readonly [string, Source])[] {
    const all = [
      ["client_id", this.#id],
      ["client_secret", this.#secret],
    ] as const;
    return all.flatMap(([name, source]) => (source === undefined ? [] : [[name, source] as const]));
  }

  /** Returns the parts of a request that say who asks for what. */
  async parts(ports: FetchPorts, endpoint: URL): Promise<MoreParts> {
    const open = async (source: Source) => (await ports.open(source, endpoint)).open();
    const form: FormPair[] = [["grant_type", this.#grant]];
    if (this.#scope !== undefined) form.push(["scope", await open(this.#scope)]);
    if (this.#refresh !== undefined) form.push(["refresh_token", await open(this.#refresh)]);
    if (this.#id === undefined) return { headers: [], form };
    const id = await open(this.#id);
    if (this.#secret === undefined) return { headers: [], form: [...form, ["client_id", id]] };
    const secret = await open(this.#secret);
    if (!this.#isBasic) {
      return { headers: [], form: [...form, ["client_id", id], ["client_secret", secret]] };
    }
    // Both are form-encoded before they are joined, RFC 6749 section 2.3.1.
    const pair = utf8(`${formText(id)}:${formText(secret)}`).toBase64();
    ports.learn(new Secret(pair));
    return { headers: [["Authorization", `Basic ${pair}`]], form };
  }

  /** Keeps a refresh token that takes the place of the one before, RFC 6749 section 6. */
  keep(document: unknown, ports: FetchPorts): void {
    const token = valueAt(document, ["refresh_token"]);
    if (typeof token !== "string" || token === "") return;
    const value = new Secret(token);
    ports.learn(value);
    if (this.#refresh !== undefined) this.#refresh = { kind: "literal", value };
  }
}

function readGrant(fields: EntryFields): (typeof GRANTS)[number] {
  if (fields.value("grant") === "device") {
    const hint = "Use grant client_credentials or refresh_token";
    throw badEntry(
      fields.pathOf("grant"),
      "is device, which is not available in this version",
      hint,
    );
  }
  return fields.word("grant", GRANTS);
}

function formText(text: string): string {
  return encodeForm([["", text]]).slice(1);
}
