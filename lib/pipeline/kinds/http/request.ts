import { WeirError } from "../../../base/errors.ts";
import { isSensitiveHeader } from "../../../base/sensitive.ts";
import type { Draft } from "../../../http/draft.ts";
import { checkHeader, hasHeader, type HeaderList, isToken } from "../../../http/headers.ts";
import { redactUrl } from "../../../http/redact-url.ts";
import { appendQuery, parseTarget } from "../../../http/url.ts";
import { isMap, kindName } from "../../readings.ts";
import type { Scope } from "../../scope.ts";
import { compileSetting, type Reading, type Setting } from "../../setting.ts";
import type { KindInput } from "../kind.ts";
import { compileBody } from "./body.ts";
import { type Content, type ContentPorts, type EncodedContent, encodeContent } from "./content.ts";
import { type HeaderFields, pairsOf, readHeaderFields } from "./fields.ts";

/** Sent unless the task sets, or leaves out, the same header. */
const DEFAULT_HEADERS: HeaderList = [
  ["User-Agent", "weir"],
  ["Accept", "application/json, */*;q=0.5"],
  ["Accept-Encoding", "gzip, deflate, br, zstd"],
  ["Connection", "keep-alive"],
];

/** Name of the header that makes a server take two requests for one. */
const KEY_HEADER = "Idempotency-Key";

/** The request of a task with its templates rendered; a page changes parts of a copy. */
export interface RenderedRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: HeaderList;
  /** Names, in lower case, of default headers that must not be sent. */
  readonly unset: readonly string[];
  readonly content: Content;
  /** Name of the credential, undefined for none. */
  readonly auth: string | undefined;
  /** Text of `spec.idempotency_key`, undefined when there is none. */
  readonly key: string | undefined;
  /** Names of headers that stay with the origin they were meant for. */
  readonly credentialHeaders: readonly string[];
}

/** The request of a task, compiled. */
export interface RequestPlan {
  /** Names of credentials, as far as they are written down. */
  readonly credentials: readonly string[];
  /** @throws {WeirError} TEMPLATE_*, USAGE_BAD_URL, USAGE_BAD_SCHEME, USAGE_BAD_HEADER, SECRET_UNRESOLVED */
  render(scope: Scope): RenderedRequest;
}

/**
 * Returns the compiled request of a task.
 *
 * @throws {WeirError} PIPELINE_INVALID, TEMPLATE_SYNTAX
 */
export function compileRequest(input: KindInput): RequestPlan {
  const { fields, spec, path, source } = input;
  const at = (
    key: string,
    parse: (value: unknown) => Reading<string>,
  ): Setting<string> | undefined =>
    fields[key] === undefined
      ? undefined
      : compileSetting(fields[key], [...path, key], source, parse);
  warnOfShellVariables(input);
  const url = compileUrl(input);
  const method = at("method", readMethod);
  const headers = compileHeaders(input);
  const params = compileSetting(
    fields["params"] ?? null,
    [...path, "params"],
    source,
    pairsOf("params"),
  );
  const body = compileBody(input);
  const auth = at("auth", readAuth);
  const keyPath = [...path, "spec", "idempotency_key"];
  const key =
    spec["idempotency_key"] === undefined
      ? undefined
      : compileSetting(spec["idempotency_key"], keyPath, source, readKey);
  if (key !== undefined && headers.names.includes(KEY_HEADER.toLowerCase())) {
    throw source.error(keyPath, {
      message: "The key is given twice, here and under headers",
      hint: "Keep spec.idempotency_key: it is the same for all attempts of a request",
      part: "key",
    });
  }
  return {
    credentials: auth === undefined || auth.isTemplated ? [] : [String(fields["auth"])],
    render(scope) {
      const { lines, unset } = headers.setting.read(scope);
      return {
        method: method?.read(scope) ?? "GET",
        url: appendQuery(url.read(scope), params.read(scope)),
        headers: lines,
        unset,
        content: body.read(scope, lines),
        auth: auth?.read(scope),
        key: key?.read(scope),
        credentialHeaders: credentialNames(lines, headers),
      };
    },
  };
}

/**
 * Returns the draft of a request.
 *
 * @throws {WeirError} IO_READ, USAGE_BAD_HEADER
 */
export function draftOf(request: RenderedRequest, ports: ContentPorts): Draft | Promise<Draft> {
  const encoded = encodeContent(request.content, ports);
  return encoded instanceof Promise
    ? encoded.then((content) => draftWith(request, content))
    : draftWith(request, encoded);
}

function draftWith(request: RenderedRequest, { body, contentType }: EncodedContent): Draft {
  const { method, url, unset, key } = request;
  const keyed: HeaderList =
    key === undefined ? request.headers : [...request.headers, [KEY_HEADER, key]];
  for (const line of keyed) checkHeader(line[0], line[1]);
  const defaults: HeaderList =
    contentType === undefined
      ? DEFAULT_HEADERS
      : [...DEFAULT_HEADERS, ["Content-Type", contentType]];
  return { method, url, headers: keyed, unset, defaults, body };
}

/** Says whether a server can tell that a request was sent before. */
export function hasKey({ key, headers }: RenderedRequest): boolean {
  return key !== undefined || hasHeader(headers, KEY_HEADER);
}

function compileUrl(input: KindInput): Setting<URL> {
  const { fields, path, source } = input;
  const { url, endpoint } = fields;
  if (url !== undefined && endpoint !== undefined) {
    throw source.error([...path, "endpoint"], {
      message: "url and endpoint are both given",
      hint: "Keep url: endpoint is its old name",
      part: "key",
    });
  }
  if (url === undefined && endpoint === undefined) {
    throw source.error(path, {
      message: "An http task needs a url",
      hint: "Write url: https://host/path",
      part: "key",
    });
  }
  const key = url === undefined ? "endpoint" : "url";
  if (key === "endpoint")
    input.warn([...path, key], "endpoint is the old name of url", "Write url");
  return compileSetting(fields[key], [...path, key], source, (value) => readUrl(value, key));
}

/** Reads an absolute URL: what raw mode reads as a shorthand is more likely a missing template here. */
function readUrl(value: unknown, key: string): Reading<URL> {
  if (typeof value !== "string") {
    return { wrong: `${key} is ${kindName(value)}`, hint: `Write ${key} as a text` };
  }
  const typed = value.trim();
  if (!/^https?:\/\//i.test(typed)) {
    const shown = JSON.stringify(redactUrl(typed).slice(0, 80));
    const wrong = `${key} ${shown} is no absolute http or https URL`;
    return { wrong, hint: "Write it as https://host/path" };
  }
  try {
    const { url, userinfo } = parseTarget(typed, { defaultScheme: "https" });
    if (userinfo === undefined) return { value: url };
    const hint = "Name a keychain entry of kind basic under auth in place of user and password";
    return { wrong: `${key} holds a user name or password`, hint };
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    return { wrong: error.message, hint: error.hint ?? "Write it as https://host/path" };
  }
}

function readMethod(value: unknown): Reading<string> {
  if (typeof value === "string" && isToken(value)) return { value: value.toUpperCase() };
  const shown = typeof value === "string" ? JSON.stringify(value.slice(0, 40)) : kindName(value);
  return { wrong: `method is ${shown}`, hint: "A method is one word such as GET, POST or PURGE" };
}

function readAuth(value: unknown): Reading<string> {
  if (typeof value === "string" && value.trim() !== "") return { value: value.trim() };
  const what = value === "" ? "empty" : kindName(value);
  return {
    wrong: `auth is ${what}, and nothing is sent without the credential it should name`,
    hint: "Name a keychain entry, or leave auth out",
  };
}

function readKey(value: unknown): Reading<string> {
  const text = typeof value === "number" ? String(value) : value;
  // Printable ASCII: what every server takes as one header value.
  if (typeof text === "string" && /^[!-~](?:[ -~]{0,253}[!-~])?$/.test(text))
    return { value: text };
  return {
    wrong: "spec.idempotency_key is not usable as a header value",
    hint: 'Write 1 to 255 printable characters, such as "{{ execution_id }}-{{ iter.id }}"',
  };
}

interface CompiledHeaders {
  readonly setting: Setting<HeaderFields>;
  /** In lower case, as far as they are written down. */
  readonly names: readonly string[];
  readonly fromKeychain: readonly string[];
  /** True: all of them come from one template that uses the keychain. */
  readonly isAllFromKeychain: boolean;
}

const SHELL_VARIABLE = /\$\{[A-Za-z_]\w*\}|\$\{\{/;

/** Other tools put variables of the environment into `${NAME}`; here it would be sent. */
function warnOfShellVariables(input: KindInput): void {
  const { url, auth, headers, params } = input.fields;
  const texts = [
    ...Object.entries({ url, auth }).map(([key, text]) => ({ at: [key], text })),
    ...nested("headers", headers),
    ...nested("params", params),
  ];
  for (const { at, text } of texts)
    if (typeof text === "string" && SHELL_VARIABLE.test(text))
      input.warn(
        [...input.path, ...at],
        "${…} is sent as it is written",
        "Write {{ NAME }} with --set NAME=…, and secrets by keychain: with token: env:NAME",
      );
}

function nested(key: string, node: unknown): readonly { at: string[]; text: unknown }[] {
  return isMap(node) ? Object.entries(node).map(([name, text]) => ({ at: [key, name], text })) : [];
}

function compileHeaders({ fields, path, source }: KindInput): CompiledHeaders {
  const node = fields["headers"] ?? null;
  const at = [...path, "headers"];
  const setting = compileSetting(node, at, source, readHeaderFields);
  const entries = isMap(node) ? Object.entries(node) : [];
  const fromKeychain = entries.filter(([name, field]) => {
    const one = compileSetting(field, [...at, name], source, (value) => ({ value }));
    return usesKeychain(one);
  });
  return {
    setting,
    names: entries.map(([name]) => name.toLowerCase()),
    fromKeychain: fromKeychain.map(([name]) => name),
    isAllFromKeychain: typeof node === "string" && usesKeychain(setting),
  };
}

function usesKeychain({ names }: Pick<Setting<unknown>, "names">): boolean {
  return names.some(({ name }) => name === "keychain");
}

/** Names of headers that identify the user, by where they come from or by what they are called. */
function credentialNames(lines: HeaderList, headers: CompiledHeaders): readonly string[] {
  if (lines.length === 0) return headers.fromKeychain;
  const named = lines.map(([name]) => name);
  if (headers.isAllFromKeychain) return named;
  return [...headers.fromKeychain, ...named.filter(isSensitiveHeader)];
}
