import type { WeirError } from "../base/errors.ts";
import type { Draft } from "../http/draft.ts";
import type { Exchange } from "../http/exchange.ts";
import { hasHeader, type HeaderList } from "../http/headers.ts";
import type { EventName } from "./events.ts";

/** Header lines as a plugin sees them: names in lower case, repeated lines joined. */
export interface EventHeaders {
  readonly headers: Readonly<Record<string, string>>;
  /** The lines of names that have more than one; the guest makes `headers_all` of both. */
  readonly repeated?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** The request of an event. */
export interface RequestFields extends EventHeaders {
  readonly method: string;
  readonly url: string;
}

/** An event about a request that is to be sent. */
export interface RequestEvent extends RequestFields {
  readonly type: EventName;
  readonly id: string;
}

/** An event about a response. Its headers are those of the response. */
export interface ResponseEvent extends EventHeaders {
  readonly type: EventName;
  readonly id: string;
  readonly method: string;
  readonly url: string;
  readonly status: number;
  readonly ok: boolean;
  readonly request: RequestFields;
  readonly timing: { readonly elapsed_ms: number };
  readonly hops: readonly { readonly url: string; readonly status: number }[];
}

/** What a plugin reads in place of a value that identifies the user. */
const HIDDEN = "[redacted]";

/** Set-Cookie lines are the jar's, which no plugin ever sees. */
const HIDDEN_HEADERS = new Set(["set-cookie", "set-cookie2"]);

/** Returns header lines as a plugin sees them. */
export function eventHeaders(lines: HeaderList): EventHeaders {
  // Without a prototype: `__proto__` is a header name like any other.
  const headers = Object.create(null) as Record<string, string>;
  let repeated: Record<string, string[]> | undefined;
  for (const [typed, value] of lines) {
    const name = typed.toLowerCase();
    const shown = HIDDEN_HEADERS.has(name) ? HIDDEN : value;
    const before = headers[name];
    headers[name] = before === undefined ? shown : `${before}, ${shown}`;
    if (before === undefined) continue;
    repeated ??= Object.create(null) as Record<string, string[]>;
    (repeated[name] ??= [before]).push(shown);
  }
  return { headers, repeated };
}

/** Returns the lines of every name, as `headers_all` shows them. */
export function headerLists({
  headers,
  repeated = {},
}: EventHeaders): Readonly<Record<string, readonly string[]>> {
  const lists = Object.create(null) as Record<string, readonly string[]>;
  for (const [name, value] of Object.entries(headers)) {
    const lines = Object.hasOwn(repeated, name) ? repeated[name] : undefined;
    lists[name] = lines ?? [value];
  }
  return lists;
}

/** Returns the lines of a draft that are known before it is dressed and framed. */
export function draftLines(draft: Draft): HeaderList {
  const defaults = draft.defaults.filter(
    ([name]) => !hasHeader(draft.headers, name) && !draft.unset.includes(name.toLowerCase()),
  );
  return [...defaults, ...draft.headers];
}

function requestFields(draft: Draft): RequestFields {
  return { method: draft.method, url: draft.url.href, ...eventHeaders(draftLines(draft)) };
}

/** Returns the event about a draft. */
export function requestEvent(type: EventName, id: string, draft: Draft): RequestEvent {
  return { type, id, ...requestFields(draft) };
}

/** Returns the event about the final response of an exchange. */
export function responseEvent(type: EventName, id: string, exchange: Exchange): ResponseEvent {
  const { draft, response, hops, elapsedMs } = exchange;
  const url = hops.at(-1)?.request.url ?? draft.url;
  return {
    type,
    id,
    method: draft.method,
    url: url.href,
    status: response.status,
    ok: response.status >= 200 && response.status < 300,
    ...eventHeaders(response.headers),
    // The draft, not what went on the wire: that one is dressed with cookies and credentials.
    request: requestFields(draft),
    timing: { elapsed_ms: Math.round(elapsedMs) },
    hops: hops.map((hop) => ({ url: hop.request.url.href, status: hop.response.status })),
  };
}

/** Returns the fields of an event about a failure. */
export function errorFields({ code, message }: WeirError): { error: string; error_code: string } {
  return { error: message, error_code: code };
}
