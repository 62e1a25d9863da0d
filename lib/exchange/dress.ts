import type { Dressing } from "../auth/bound.ts";
import { type Body, bodyLength } from "../http/body.ts";
import type { HopRequest, SentRequest } from "../http/exchange.ts";
import type { HeaderList } from "../http/headers.ts";
import { hasHeader, headerValue, withHeader, withoutHeaders } from "../http/headers.ts";
import type { Ports } from "./ports.ts";

/**
 * Returns the request with the cookies and the credential that belong to this hop.
 *
 * Runs after the hooks and for each hop anew, so that a redirect to another origin starts undressed.
 */
export async function dress(
  request: SentRequest,
  hop: HopRequest,
  ports: Pick<Ports, "jar" | "credentials">,
): Promise<SentRequest> {
  const dressing = ports.credentials.dress(hop);
  const dressed = withDressing(request, dressing instanceof Promise ? await dressing : dressing);
  const cookies = ports.jar.cookiesFor(request.url);
  return cookies === undefined ? dressed : withCookies(dressed, await cookies);
}

/** Returns a dressed request with what answers a 401; the cookies of the jar stay. */
export async function dressAnswer(
  dressed: SentRequest,
  answer: Dressing,
  { jar }: Pick<Ports, "jar">,
): Promise<SentRequest> {
  const again = withDressing(dressed, answer);
  if (!hasHeader(answer.lines, "cookie")) return again;
  return withCookies(again, await jar.cookiesFor(dressed.url));
}

/** Returns the request with what it is dressed with, in place of what stood there. */
function withDressing(request: SentRequest, dressing: Dressing): SentRequest {
  const { lines, dropped = [], body, url } = dressing;
  const kept =
    dropped.length === 0
      ? request
      : { ...request, headers: withoutHeaders(request.headers, dropped) };
  const dressed = withTarget(withLines(kept, lines), url);
  return body === undefined ? dressed : withBody(dressed, body);
}

/**
 * Replaces the query that is sent; scheme, host and path stay as they were judged. The URL of the hop
 * stays undressed: plugins, records and pages are told of it.
 */
function withTarget(request: SentRequest, url: URL | undefined): SentRequest {
  return url === undefined ? request : { ...request, target: url.pathname + url.search };
}

/** Replaces the body; its length changes with it. */
function withBody(request: SentRequest, body: Body): SentRequest {
  const length = bodyLength(body);
  const isCounted = hasHeader(request.headers, "content-length") && length !== undefined;
  const headers = isCounted
    ? withHeader(request.headers, "Content-Length", String(length))
    : request.headers;
  return { ...request, headers, body };
}

/** Returns the request with `lines` in place of the lines of the same names. */
function withLines(request: SentRequest, lines: HeaderList): SentRequest {
  if (lines.length === 0) return request;
  const names = lines.map(([name]) => name);
  return { ...request, headers: [...withoutHeaders(request.headers, names), ...lines] };
}

function withCookies(request: SentRequest, cookies: string | undefined): SentRequest {
  if (cookies === undefined || cookies === "") return request;
  const typed = headerValue(request.headers, "cookie");
  const value = typed === undefined ? cookies : `${typed}; ${cookies}`;
  return { ...request, headers: withHeader(request.headers, "Cookie", value) };
}
