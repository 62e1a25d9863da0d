import { REDACTED } from "./secret.ts";

// Names alone say that a value is a secret, also when the value was never opened here: what a model
// typed, what a server set. Known values are the Redactor's affair.

/** Parts of header names that always mean a credential. */
const HEADER_PARTS =
  /cookie|authorization|proxy-auth|api[-_]?key|auth[-_]?token|csrf|xsrf|passw(?:or)?d|secret|session[-_]?id/;

/** Last words of header names that mean a credential. */
const HEADER_ENDS =
  /(?:^|[-_])(?:token|signature(?:[-_](?:\w*\d+))?|auth|jwt|dpop|session|passphrase|otp|assertion|credential|(?:access|account|application|auth|functions|master|private|security|session|subscription)[-_]?key)$/;

/** Challenges: they look like the above and say only how to ask. */
const PUBLIC_HEADERS = new Set(["www-authenticate", "proxy-authenticate"]);

/** Headers whose value is or holds a URL. */
const URL_HEADERS = new Set([
  "location",
  "content-location",
  "referer",
  "link",
  "refresh",
  "origin",
  "x-original-url",
  "x-rewrite-url",
]);

/** Query parameters that mean a credential, in lower case without `-` and `_`. */
const PARAMETERS = new Set([
  "accesskey",
  "accountkey",
  "apikey",
  "assertion",
  "auth",
  "authkey",
  "authorization",
  "awsaccesskeyid",
  "clientassertion",
  "clientsecret",
  "code",
  "codeverifier",
  "credential",
  "credentials",
  "googleaccessid",
  "hmac",
  "jsessionid",
  "jwt",
  "key",
  "otp",
  "passphrase",
  "phpsessid",
  "privatekey",
  "samlrequest",
  "samlresponse",
  "session",
  "sessionid",
  "sid",
  "sig",
  "subscriptionkey",
  "ticket",
  "xamzcredential",
  "xgoogcredential",
]);

/** Last words of query parameters that mean a credential. */
const PARAMETER_ENDS = /(?:token|secret|signature|password|passwd|passcode|pwd|apikey)$/;

/** Tokens that tell a page of a list, not who asks. */
const PAGE_TOKEN = /^(?:next|prev|previous|page|nextpage|continuation|sync|start|marker)token$/;

/** Says whether a header called `name` holds a credential, whatever its value. */
export function isSensitiveHeader(name: string): boolean {
  const lower = name.toLowerCase();
  if (PUBLIC_HEADERS.has(lower)) return false;
  return HEADER_PARTS.test(lower) || HEADER_ENDS.test(lower);
}

/** Says whether a query parameter called `name`, decoded, holds a credential. */
export function isSensitiveParameter(name: string): boolean {
  const bare = name.toLowerCase().replace(/[-_.\s[\]]/g, "");
  if (PARAMETERS.has(bare)) return true;
  return PARAMETER_ENDS.test(bare) && !PAGE_TOKEN.test(bare);
}

/** Returns the lines with the values of sensitive headers, and secrets in URLs, masked. */
export function maskHeaders(
  headers: readonly (readonly [name: string, value: string])[],
): readonly (readonly [name: string, value: string])[] {
  return headers.map(([name, value]) => {
    if (isSensitiveHeader(name)) return [name, REDACTED];
    return [name, URL_HEADERS.has(name.toLowerCase()) ? maskUrlsIn(value) : value];
  });
}

/**
 * Returns the URL with its userinfo and the values of sensitive parameters masked.
 *
 * Looks at the query, at parameters of the path (`;jsessionid=`), at the fragment, and into a URL
 * that is the value of a parameter. The rest stays as written, also when it is no valid URL.
 */
export function maskUrl(url: URL | string): string {
  const text = typeof url === "string" ? url : url.href;
  // Nothing begins without one of these, and most URLs have none.
  if (!/[@?&;#]/.test(text)) return text;
  return masked(text.replace(SLOPPY_USERINFO, `$1${REDACTED}@`), /[&#]/, DEPTH_LIMIT);
}

/** Returns `text` with each URL in it masked as `maskUrl` does. */
export function maskUrlsIn(text: string): string {
  return masked(text, /[&#\s<>"]/, DEPTH_LIMIT);
}

/** URLs inside URLs that are looked into; each level costs a pass over the text. */
const DEPTH_LIMIT = 3;

/** Userinfo as URL parsers find it in whatever follows the scheme. */
const SLOPPY_USERINFO = /^(\s*[a-z][a-z0-9+.-]*:[\\/]*)[^\\/?#]*@/i;

const USERINFO = /([\\/]{2})[^\\/?#\s<>"]*@/g;

/** The start of a parameter. A value may hold `;`, so that it ends no value, but starts a name. */
const PARAMETER = /[?&;#]([^=&;#?\s<>"]+)=/g;

function masked(text: string, valueEnd: RegExp, depth: number): string {
  const bare = text.replace(USERINFO, `$1${REDACTED}@`);
  const query = bare.indexOf("?");
  let shown = "";
  let at = 0;
  for (const found of bare.matchAll(PARAMETER)) {
    const start = found.index + found[0].length;
    if (start < at) continue;
    const isSecret = isSensitiveParameter(decoded(found[1] ?? ""));
    const last = endOf(bare, start, isSecret ? valueEnd : NEXT_PART);
    // A parameter of the path ends where the query begins.
    const end = found.index < query && query < last ? query : last;
    if (end === start) continue;
    const value = bare.slice(start, end);
    const cover = isSecret ? REDACTED : withinMasked(value, depth);
    if (cover === value) continue;
    shown += bare.slice(at, start) + cover;
    at = end;
  }
  return shown + bare.slice(at);
}

/** Ends a value that is looked into: stretches do not overlap, so that the time stays linear. */
const NEXT_PART = /[?&;#\s<>"]/;

function endOf(text: string, start: number, stop: RegExp): number {
  const length = text.slice(start).search(stop);
  return length < 0 ? text.length : start + length;
}

function withinMasked(value: string, depth: number): string {
  if (depth === 0 || !/%[0-9a-f]{2}/i.test(value)) return value;
  const inner = decoded(value);
  const cover = masked(inner, /[&#]/, depth - 1);
  return cover === inner ? value : encodeURIComponent(cover);
}

/** Returns `text` without its percent-encoding, or as it is when that is broken. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}
