import type { Body } from "../http/body.ts";
import { isToken, type HeaderEntry, type HeaderList } from "../http/headers.ts";
import { deny, type Denial } from "./deny.ts";

/** Methods a call may use. */
export const METHODS: readonly string[] = [
  "GET",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "HEAD",
  "OPTIONS",
];

/** Bytes of all header lines, as on the wire. */
const HEADERS_CAP_BYTES = 65_536;

/** Framing and hop-by-hop fields, RFC 9110 sections 7.6.1 and 8.6, RFC 9112 section 6. */
const CONNECTION_FIELDS = new Set([
  "connection",
  "content-length",
  "expect",
  "http2-settings",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Fields by which servers behind a proxy are told who asks, for which host, with which method. */
const ROUTING_FIELDS = new Set([
  "cf-connecting-ip",
  "client-ip",
  "cluster-client-ip",
  "fastly-client-ip",
  "forwarded",
  "forwarded-for",
  "forwarded-host",
  "front-end-https",
  "real-ip",
  "true-client-ip",
  "via",
  "x-client-ip",
  "x-cluster-client-ip",
  "x-host",
  "x-http-host-override",
  "x-http-method",
  "x-http-method-override",
  "x-method-override",
  "x-real-ip",
  "x-rewrite-url",
  "x-url-scheme",
]);
const ROUTING_PREFIXES = ["x-forwarded", "x-original-", "x-envoy-", "x-proxyuser-"];

/** Fields that open the metadata services of clouds. */
const METADATA_FIELDS = new Set([
  "metadata",
  "metadata-flavor",
  "x-google-metadata-request",
  "x-identity-header",
]);

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const BAD_VALUE = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f]|\p{Cs}/u;

/** The part of a hop that header rules look at. */
export interface Message {
  readonly method: string;
  readonly url: URL;
  readonly headers: HeaderList;
  readonly body: Body;
}

/** Returns the denial of a method that no call may use. */
export function judgeMethod(method: string): Denial | undefined {
  if (METHODS.includes(method)) return undefined;
  return deny("POLICY_DENIED", "method", {
    reason: "The method is not one that calls may use",
    hint: `Use one of ${METHODS.join(", ")}, in upper case`,
  });
}

/** Says whether there is anything to send. */
export function hasBody(body: Body): boolean {
  return body.kind === "stream" || (body.kind === "bytes" && body.bytes.length > 0);
}

/** Returns the denial of a body where the method has none. */
export function judgeBody({ method, body }: Pick<Message, "method" | "body">): Denial | undefined {
  if (!hasBody(body) || (method !== "GET" && method !== "HEAD")) return undefined;
  return deny("POLICY_BODY", "body", {
    reason: `A ${method} request has no body`,
    hint: "Put what you ask for into the query, or use POST if the server takes it",
  });
}

/**
 * Returns the denial of header lines that a call may not set: names and values that cannot be sent,
 * framing, hop-by-hop, routing, proxy and metadata fields, a Host other than the URL's, too many
 * bytes.
 *
 * Names compare without case and with `_` as `-`, as gateways to CGI and WSGI do.
 */
export function judgeHeaders({
  headers,
  url,
}: Pick<Message, "headers" | "url">): Denial | undefined {
  let sizeBytes = 0;
  for (const line of headers) {
    const denial = judgeLine(line, url);
    if (denial !== undefined) return denial;
    // A character outside Latin-1 is at most three bytes; the cap needs no more exactness.
    sizeBytes += line[0].length + line[1].length * (isAscii(line[1]) ? 1 : 3) + 4;
  }
  if (sizeBytes <= HEADERS_CAP_BYTES) return undefined;
  return denyHeader("size", `The headers are larger than ${HEADERS_CAP_BYTES} bytes`);
}

function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text);
}

function judgeLine([name, value]: HeaderEntry, url: URL): Denial | undefined {
  if (!isToken(name)) return denyHeader("name", "A header name has a character that none may have");
  if (BAD_VALUE.test(value)) {
    return denyHeader("value", `Header ${name} has a control character in its value`);
  }
  const key = name.toLowerCase().replaceAll("_", "-");
  if (key === "host") return judgeHost(value, url);
  if (CONNECTION_FIELDS.has(key)) return denyField(name, "connection", "is set by weir itself");
  if (key.startsWith("proxy-")) return denyField(name, "proxy", "speaks to proxies");
  if (ROUTING_FIELDS.has(key) || ROUTING_PREFIXES.some((prefix) => key.startsWith(prefix))) {
    return denyField(name, "routing", "changes where or how the server routes the request");
  }
  if (METADATA_FIELDS.has(key) || /(?:^|-)metadata-token/.test(key)) {
    return denyField(name, "metadata", "opens metadata services");
  }
  return undefined;
}

/** Host is a no-op when it says what the URL says. */
function judgeHost(value: string, url: URL): Denial | undefined {
  const port = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port;
  const host = value.toLowerCase();
  if (host === url.host || host === `${url.hostname}:${port}`) return undefined;
  return denyHeader("host", "Host names another host than the URL");
}

function denyField(name: string, group: string, why: string): Denial {
  return denyHeader(group, `Header ${name} may not be set: it ${why}`);
}

function denyHeader(rule: string, reason: string): Denial {
  return deny("POLICY_HEADER", `header:${rule}`, { reason, hint: "Send the call without it" });
}
