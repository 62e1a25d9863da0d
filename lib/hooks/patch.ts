import { utf8 } from "../base/bytes.ts";
import { WeirError } from "../base/errors.ts";
import { isRecord } from "../base/record.ts";
import type { Body } from "../http/body.ts";
import type { Draft } from "../http/draft.ts";
import type { Exchange, ResponseBody, ResponseHead } from "../http/exchange.ts";
import {
  checkHeader,
  hasHeader,
  type HeaderEntry,
  type HeaderList,
  withHeader,
  withoutHeaders,
} from "../http/headers.ts";
import { parseMethod } from "../http/method.ts";
import { draftLines, type EventHeaders, eventHeaders, headerLists } from "./event.ts";
import type { RawResult } from "./messages.ts";

// Everything here was written by a plugin. A field is taken when it differs from what the plugin was
// shown, and then only in the form it would have to have if a person had typed it.

type RawObject = Extract<RawResult, { readonly kind: "object" }>;

/** Lines that a message may have; more is an attack on whoever prints them. */
const LINE_LIMIT = 500;

function bad(what: string): WeirError {
  return new WeirError("HOOK_FAILED", what);
}

/** Returns the body a plugin gave; undefined when it gave none. */
function readBody({ body, content }: RawObject): Uint8Array | undefined {
  return body === "none" ? undefined : content;
}

function textsOf(value: unknown, name: string): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.map((one) => {
    if (typeof one === "string") return one;
    if (typeof one === "number") return String(one);
    throw bad(`Header ${name} is not text`);
  });
}

/** New lines of headers by name in lower case; none where a header is taken away. */
type HeaderChanges = ReadonlyMap<string, readonly string[]>;

/**
 * Reads a header map, but for the values that are those of `shown`, in the form a person may type.
 * Of two spellings of a name the last one counts: it is the one that the plugin added.
 */
function readHeaders(
  value: Readonly<Record<string, unknown>>,
  shown: Readonly<Record<string, unknown>> = {},
): HeaderChanges {
  const byName = new Map<string, readonly string[]>();
  let count = 0;
  for (const [typed, given] of Object.entries(value)) {
    if (Object.hasOwn(shown, typed) && shown[typed] === given) continue;
    const name = typed.toLowerCase();
    const texts = textsOf(given, name);
    for (const text of texts) checkHeader(name, text);
    byName.set(name, texts);
    count += texts.length;
    if (count > LINE_LIMIT) throw bad(`More than ${LINE_LIMIT} header lines`);
  }
  return byName;
}

function linesOf(value: Readonly<Record<string, unknown>>): HeaderList {
  return [...readHeaders(value)].flatMap(([name, texts]) =>
    texts.map((text): HeaderEntry => [name, text]),
  );
}

function isSame(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

/** Compares headers with what was shown; `headers` wins over `headers_all` of the same name. */
function headerChanges({ fields }: RawObject, shown: EventHeaders): HeaderChanges {
  const { headers, headers_all: lists } = fields;
  const fromMap = changesOf(headers, shown.headers);
  if (lists === undefined) return fromMap;
  return new Map([...changesOf(lists, headerLists(shown)), ...fromMap]);
}

function changesOf(given: unknown, shown: Readonly<Record<string, unknown>>): HeaderChanges {
  if (given === undefined) return new Map();
  if (!isRecord(given)) throw bad("The headers are no object");
  const changed = new Map(readHeaders(given, shown));
  for (const name of Object.keys(shown)) {
    if (!Object.hasOwn(given, name) && !changed.has(name)) changed.set(name, []);
  }
  for (const [name, texts] of changed) {
    // A list that came back is another list, of the same lines.
    if (Object.hasOwn(shown, name) && isSame(texts, textsOf(shown[name], name))) {
      changed.delete(name);
    }
  }
  return changed;
}

function applyChanges(lines: HeaderList, changed: HeaderChanges): HeaderList {
  if (changed.size === 0) return lines;
  let result = lines;
  for (const [name, values] of changed) {
    const [first, ...others] = values;
    if (first === undefined) result = withoutHeaders(result, [name]);
    else {
      result = withHeader(result, name, first);
      result = [...result, ...others.map((value): HeaderEntry => [name, value])];
    }
  }
  if (result.length > Math.max(LINE_LIMIT, lines.length)) {
    throw bad(`More than ${LINE_LIMIT} header lines`);
  }
  return result;
}

function readUrl(value: unknown): URL {
  const url = typeof value === "string" ? URL.parse(value) : null;
  if (url === null) throw bad("The URL it returned cannot be read");
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw bad("The URL it returned is neither http nor https");
  }
  if (url.username !== "" || url.password !== "") {
    throw bad("The URL it returned holds a user name or a password");
  }
  url.hash = "";
  return url;
}

function bytesBody(bytes: Uint8Array): Body {
  return bytes.byteLength === 0 ? { kind: "none" } : { kind: "bytes", bytes };
}

/**
 * Returns the draft as a plugin wants it.
 *
 * @throws {WeirError} HOOK_FAILED, USAGE_BAD_METHOD, USAGE_BAD_HEADER
 */
export function patchDraft(draft: Draft, raw: RawObject): Draft {
  const { fields } = raw;
  const changes = headerChanges(raw, eventHeaders(draftLines(draft)));
  const gone = [...changes].filter(([, values]) => values.length === 0);
  let patched: Draft = {
    ...draft,
    headers: applyChanges(draft.headers, changes),
    unset: [...draft.unset, ...gone.map(([name]) => name)],
  };
  if (typeof fields["method"] === "string" && fields["method"] !== draft.method) {
    patched = { ...patched, method: parseMethod(fields["method"]) };
  }
  if (fields["url"] !== undefined && fields["url"] !== draft.url.href) {
    patched = { ...patched, url: readUrl(fields["url"]), target: undefined };
  }
  const body = readBody(raw);
  if (body === undefined) return patched;
  return withBody(patched, body, raw.body === "json");
}

function withBody(draft: Draft, bytes: Uint8Array, isJson: boolean): Draft {
  // The length that was typed is that of the body that was typed.
  const headers = withoutHeaders(draft.headers, ["content-length", "transfer-encoding"]);
  const isTyped = hasHeader(headers, "content-type") || hasHeader(draft.defaults, "content-type");
  return {
    ...draft,
    body: bytesBody(bytes),
    headers: isJson && !isTyped ? [...headers, ["content-type", "application/json"]] : headers,
  };
}

/** Returns the patch of the headers alone, which is all that a hook of an attempt may change. */
export function patchDraftHeaders(draft: Draft, raw: RawObject): Draft {
  const { headers, headers_all: lists } = raw.fields;
  return patchDraft(draft, { ...raw, fields: { headers, headers_all: lists }, body: "none" });
}

function readStatus(value: unknown): number {
  if (Number.isInteger(value) && Number(value) >= 200 && Number(value) <= 599) return Number(value);
  throw bad("The status it returned is not a whole number from 200 to 599");
}

/** Returns a body that is at hand. */
export function bytesResponseBody(bytes: Uint8Array, wireBytes = bytes.byteLength): ResponseBody {
  return {
    chunks: (async function* chunks() {
      if (bytes.byteLength > 0) yield bytes;
    })(),
    trailers: () => [],
    counts: () => ({ wireBytes, decodedBytes: bytes.byteLength }),
    cancel: () => undefined,
  };
}

/**
 * Returns the exchange with the response a plugin wants.
 *
 * @throws {WeirError} HOOK_FAILED, USAGE_BAD_HEADER
 */
export function patchExchange(exchange: Exchange, raw: RawObject): Exchange {
  const { fields } = raw;
  const { response } = exchange;
  const changes = headerChanges(raw, eventHeaders(response.headers));
  const body = readBody(raw);
  const lines = applyChanges(response.headers, changes);
  const isNewStatus = fields["status"] !== undefined && fields["status"] !== response.status;
  const head: ResponseHead = {
    ...response,
    ...(isNewStatus ? { status: readStatus(fields["status"]), reason: "" } : {}),
    // They speak of the bytes that the server sent.
    headers:
      body === undefined ? lines : withoutHeaders(lines, ["content-length", "content-encoding"]),
  };
  const last = exchange.hops.at(-1);
  const hops =
    last === undefined ? [] : [...exchange.hops.slice(0, -1), { ...last, response: head }];
  if (body === undefined) return { ...exchange, response: head, hops };
  const { wireBytes } = exchange.body.counts();
  exchange.body.cancel();
  return { ...exchange, response: head, hops, body: bytesResponseBody(body, wireBytes) };
}

/**
 * Returns the exchange a plugin answers `draft` with; nothing was sent.
 *
 * @throws {WeirError} HOOK_FAILED, USAGE_BAD_HEADER
 */
export function answeredExchange(draft: Draft, answer: unknown, raw: RawObject): Exchange {
  if (!isRecord(answer)) throw bad("respond is no object");
  const unknown = Object.keys(answer).find((key) => !["status", "headers", "body"].includes(key));
  if (unknown !== undefined)
    throw bad(`respond has no key ${JSON.stringify(unknown.slice(0, 64))}`);
  const { status = 200, headers = {} } = answer;
  if (!isRecord(headers)) throw bad("The headers are no object");
  const lines = linesOf(headers);
  const isJson = raw.body === "json" && !hasHeader(lines, "content-type");
  const response: ResponseHead = {
    status: readStatus(status),
    reason: "",
    httpVersion: "1.1",
    headers: isJson ? [...lines, ["content-type", "application/json"]] : lines,
  };
  const bytes = readBody(raw) ?? utf8("");
  const request = {
    method: draft.method,
    url: draft.url,
    target: draft.target ?? draft.url.pathname + draft.url.search,
    headers: draftLines(draft),
    body: draft.body,
  };
  const connection = { address: "", port: 0, isReused: false };
  return {
    draft,
    hops: [{ request, response, timings: {}, connection }],
    response,
    body: bytesResponseBody(bytes),
    elapsedMs: 0,
    isSynthetic: true,
  };
}
