/*
 * Requests that bring a token: what an entry says of them, the draft, and the answer read.
 *
 * Nothing of an answer but its status reaches an error: its body is the secret.
 */
import { collectUpTo, utf8 } from "../base/bytes.ts";
import { toWeirError, WeirError } from "../base/errors.ts";
import { Secret } from "../base/secret.ts";
import { type Body, NO_BODY, textBody } from "../http/body.ts";
import type { Draft } from "../http/draft.ts";
import type { Exchange } from "../http/exchange.ts";
import { encodeForm, FORM_TYPE, type FormPair } from "../http/form.ts";
import type { HeaderEntry, HeaderList } from "../http/headers.ts";
import { checkHeader, hasHeader, withoutHeaders } from "../http/headers.ts";
import type { JsonSource } from "./fields.ts";
import { openLines, withQuery } from "./lines.ts";
import type { FetchedSource, Fetching, FetchPorts, Source } from "./source.ts";
import type { Fetched } from "./source.ts";
import type { AnswerPath } from "./token-path.ts";
import { valueAt } from "./token-path.ts";

/** Values by their names. */
export type NamedSources = readonly (readonly [name: string, source: Source])[];

/** The body of a token request, before its values are opened. */
export type TokenBody =
  | { readonly kind: "none" }
  | { readonly kind: "form"; readonly pairs: NamedSources }
  | { readonly kind: "json"; readonly value: JsonSource }
  | { readonly kind: "text"; readonly source: Source };

/** Another value of the answer that templates may use. */
export interface AnswerField {
  readonly name: string;
  readonly path: AnswerPath;
  readonly isRequired: boolean;
  readonly type: "string" | "number" | "boolean";
}

/** Where token and life stand in the answer. */
export interface AnswerShape {
  readonly token: AnswerPath;
  readonly life: AnswerPath;
  /** Milliseconds a token lives when the answer does not say. */
  readonly lifeMs: number | undefined;
  readonly fields: readonly AnswerField[];
}

/** A token request, before its values are opened. */
export interface TokenRequestPlan {
  /** Name of the entry. */
  readonly entry: string;
  readonly endpoint: URL;
  readonly method: string;
  readonly headers: NamedSources;
  readonly body: TokenBody;
  /** Another entry that dresses the request. */
  readonly credential?: string | undefined;
  readonly answer: AnswerShape;
  readonly isRenewed: boolean;
  /** Returns further headers and form fields, which need more than one value. */
  readonly more?: ((ports: FetchPorts, endpoint: URL) => Promise<MoreParts>) | undefined;
  /** Looks at the answer; what it keeps is masked. */
  readonly onAnswer?: ((document: unknown, ports: FetchPorts) => void) | undefined;
}

/** Parts of a request that are added to the others. */
export interface MoreParts {
  readonly headers: HeaderList;
  readonly form: readonly FormPair[];
}

const BODY_CAP_BYTES = 1024 * 1024;
const TOKEN_CAP = 64 * 1024;
const JSON_TYPE = "application/json";

/** Returns how the value of an entry is fetched by `plan`. */
function tokenFetching(plan: TokenRequestPlan): Fetching {
  return {
    isRenewed: plan.isRenewed,
    fetch: async (ports) => {
      const draft = await draftOf(plan, ports);
      const document = await answerTo(draft, plan, ports);
      plan.onAnswer?.(document, ports);
      return readAnswer(document, plan);
    },
  };
}

/** Returns the sources of the value and of the declared fields. */
export function tokenSources(plan: TokenRequestPlan): {
  readonly value: FetchedSource;
  readonly fields: ReadonlyMap<string, FetchedSource>;
} {
  const fetching = tokenFetching(plan);
  const value: FetchedSource = { kind: "fetched", fetching };
  const last = plan.answer.token.at(-1);
  const names = typeof last === "string" ? ["token", last] : ["token"];
  const fields = new Map(names.map((name) => [name, value]));
  for (const { name } of plan.answer.fields) fields.set(name, { ...value, field: name });
  return { value, fields };
}

async function draftOf(plan: TokenRequestPlan, ports: FetchPorts): Promise<Draft> {
  const { endpoint, method } = plan;
  const open = async (source: Source) => (await ports.open(source, endpoint)).open();
  const headers: HeaderEntry[] = [];
  for (const [name, source] of plan.headers) headers.push([name, await open(source)]);
  const more = await plan.more?.(ports, endpoint);
  const { body, type } = await bodyOf(plan.body, more?.form ?? [], open);
  const credential =
    plan.credential === undefined
      ? { headers: [], query: [] }
      : await ports.credentialFor(plan.credential, endpoint);
  const own = [...openLines(credential.headers), ...(more?.headers ?? [])];
  const kept = withoutHeaders(
    headers,
    own.map(([name]) => name),
  );
  const lines = [...kept, ...own];
  for (const [name, value] of lines) checkHeader(name, value);
  const isTyped = type === undefined || hasHeader(lines, "content-type");
  return {
    method,
    url: withQuery(endpoint, credential.query),
    headers: isTyped ? lines : [...lines, ["Content-Type", type]],
    defaults: [["Accept", JSON_TYPE]],
    unset: [],
    body,
  };
}

type OpenText = (source: Source) => Promise<string>;

async function bodyOf(
  plan: TokenBody,
  more: readonly FormPair[],
  open: OpenText,
): Promise<{ readonly body: Body; readonly type: string | undefined }> {
  switch (plan.kind) {
    case "none":
      return { body: NO_BODY, type: undefined };
    case "form": {
      const pairs: FormPair[] = [];
      for (const [name, source] of plan.pairs) pairs.push([name, await open(source)]);
      const named = new Set(pairs.map(([name]) => name));
      const others = more.filter(([name]) => !named.has(name));
      return { body: textBody(encodeForm([...others, ...pairs])), type: FORM_TYPE };
    }
    case "json":
      return { body: textBody(JSON.stringify(await jsonOf(plan.value, open))), type: JSON_TYPE };
    case "text":
      return { body: textBody(await open(plan.source)), type: "text/plain; charset=utf-8" };
  }
}

async function jsonOf(plan: JsonSource, open: OpenText): Promise<unknown> {
  switch (plan.kind) {
    case "text":
      return await open(plan.source);
    case "plain":
      return plan.value;
    case "list":
      return await Promise.all(plan.items.map((item) => jsonOf(item, open)));
    case "map": {
      const entries = plan.entries.map(async ([name, item]) => [name, await jsonOf(item, open)]);
      return Object.fromEntries(await Promise.all(entries));
    }
  }
}

/** Sends the request and returns the JSON document of its answer. */
async function answerTo(draft: Draft, plan: TokenRequestPlan, ports: FetchPorts): Promise<unknown> {
  const { host } = plan.endpoint;
  let exchange: Exchange;
  let bytes: Uint8Array;
  try {
    exchange = await ports.request(draft);
    const { status } = exchange.response;
    if (status < 200 || status > 299) {
      exchange.body.cancel();
      throw refused(plan, status);
    }
    bytes = await collectUpTo(exchange.body.chunks, BODY_CAP_BYTES);
  } catch (error) {
    const { code, message, hint, details } = toWeirError(error);
    if (code === "TOKEN_REFUSED" || code === "TOKEN_UNAVAILABLE") throw error;
    throw new WeirError(code, `No token for ${plan.entry} from ${host}: ${message}`, {
      hint: code === "BODY_TOO_LARGE" ? "The answer with a token may have 1 MiB" : hint,
      details: { ...details, entry: plan.entry },
      cause: error,
    });
  }
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // The error of the parser quotes the text, which is the secret.
    throw unusable(plan, "is no JSON", "The endpoint has to answer with JSON");
  }
}

function refused({ entry, endpoint }: TokenRequestPlan, status: number): WeirError {
  const isLater = status === 429 || status >= 500;
  const isRedirect = status >= 300 && status < 400;
  const message = `No token for ${entry}: ${endpoint.host} answered with status ${status}`;
  return new WeirError(isLater ? "TOKEN_UNAVAILABLE" : "TOKEN_REFUSED", message, {
    hint: isLater
      ? "Try again later"
      : isRedirect
        ? "Write the endpoint that the redirect leads to: a token request follows none"
        : "Check endpoint, client and secret of the entry",
    details: { entry, status, host: endpoint.host },
  });
}

function unusable({ entry, endpoint }: TokenRequestPlan, problem: string, hint: string): WeirError {
  const message = `No token for ${entry}: the answer of ${endpoint.host} ${problem}`;
  return new WeirError("TOKEN_REFUSED", message, {
    hint,
    details: { entry, host: endpoint.host },
  });
}

function readAnswer(document: unknown, plan: TokenRequestPlan): Fetched {
  const { token, fields } = plan.answer;
  const value = valueAt(document, token);
  if (typeof value !== "string" || value === "" || utf8(value).byteLength > TOKEN_CAP) {
    throw unusable(plan, "has no token", "Say with token_field where it stands in the answer");
  }
  const found = fields.flatMap((field) => {
    const read = readField(document, field, plan);
    return read === undefined ? [] : [[field.name, read] as const];
  });
  return { value: new Secret(value), fields: new Map(found), lifeMs: lifeMs(document, plan) };
}

function readField(
  document: unknown,
  { name, path, isRequired, type }: AnswerField,
  plan: TokenRequestPlan,
): Secret | undefined {
  const value = valueAt(document, path);
  if (typeof value === type) return new Secret(String(value));
  if (value === undefined && !isRequired) return undefined;
  const problem = value === undefined ? `has no ${name}` : `has a ${name} of another type`;
  throw unusable(plan, problem, `Correct fields.${name} of the entry`);
}

function lifeMs(document: unknown, plan: TokenRequestPlan): number | undefined {
  const value = valueAt(document, plan.answer.life);
  if (value === undefined || value === null) return plan.answer.lifeMs;
  // Some servers write the number as text.
  const seconds = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof seconds === "number" && Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  throw unusable(
    plan,
    "has a life that is no number",
    "Say with ttl_field where the seconds stand",
  );
}
