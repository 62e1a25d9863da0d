import { WeirError } from "../base/errors.ts";
import { NO_BODY } from "../http/body.ts";
import type { Draft } from "../http/draft.ts";
import type { ResponseHead } from "../http/exchange.ts";
import { headerValue, withoutHeaders } from "../http/headers.ts";

/** Statuses that carry a Location to follow, RFC 9110 section 15.4. */
const REDIRECT_STATUSES = new Set([301, 302, 303, 307, 308]);

/** Headers that describe a body; they go when the body goes, RFC 9110 section 15.4. */
const BODY_HEADERS = [
  "content-type",
  "content-length",
  "content-encoding",
  "content-language",
  "content-location",
  "transfer-encoding",
  "expect",
  "digest",
  "content-digest",
];

/** Headers that may not follow a redirect to another origin. */
const ORIGIN_HEADERS = ["authorization", "cookie", "proxy-authorization", "host"];

/**
 * Returns the draft a redirect asks for, or undefined when the response is not one.
 *
 * 303 turns every method but HEAD into GET; 301 and 302 turn POST into GET (Fetch section 4.4).
 * What identifies the user stays with the origin it was given to.
 *
 * @param credentialHeaders further header names that must not reach another origin
 * @throws {WeirError} REDIRECT_BAD_LOCATION, REDIRECT_BODY
 */
export function nextDraft(
  draft: Draft,
  head: ResponseHead,
  credentialHeaders: readonly string[] = [],
): Draft | undefined {
  if (!REDIRECT_STATUSES.has(head.status)) return undefined;
  const location = headerValue(head.headers, "location");
  if (location === undefined || location === "") return undefined;
  const url = resolveLocation(location, draft.url);
  const moved = { ...draft, url, target: undefined };
  const kept = isGetAfter(head.status, draft.method)
    ? withoutBody({ ...moved, method: "GET" })
    : withReplayableBody(moved);
  return url.origin === draft.url.origin ? kept : undressed(kept, credentialHeaders);
}

function resolveLocation(location: string, base: URL): URL {
  const url = URL.parse(location, base.href);
  if (url === null) {
    throw new WeirError(
      "REDIRECT_BAD_LOCATION",
      `The redirect from ${base.host} names no usable URL`,
      {
        hint: "Run again without --follow to see the response",
        details: { location },
      },
    );
  }
  // A server may not choose credentials for us, and a fragment is never sent.
  url.username = "";
  url.password = "";
  url.hash = "";
  return url;
}

function isGetAfter(status: number, method: string): boolean {
  if (status === 303) return method !== "HEAD" && method !== "GET";
  return (status === 301 || status === 302) && method === "POST";
}

function withoutBody(draft: Draft): Draft {
  return {
    ...draft,
    body: NO_BODY,
    isChunked: false,
    headers: withoutHeaders(draft.headers, BODY_HEADERS),
    defaults: withoutHeaders(draft.defaults, BODY_HEADERS),
  };
}

function withReplayableBody(draft: Draft): Draft {
  if (draft.body.kind !== "stream" || draft.body.replayable) return draft;
  throw new WeirError(
    "REDIRECT_BODY",
    `${draft.url.host} asks for the body again, and it can be read only once`,
    { hint: "Save the body to a file and send it with @FILE" },
  );
}

function undressed(draft: Draft, credentialHeaders: readonly string[]): Draft {
  return {
    ...draft,
    headers: withoutHeaders(draft.headers, [...ORIGIN_HEADERS, ...credentialHeaders]),
  };
}
