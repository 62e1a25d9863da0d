import { WeirError } from "../base/errors.ts";
import { Secret } from "../base/secret.ts";
import { encodeForm, type FormPair } from "./form.ts";
import { redactUrl } from "./redact-url.ts";

/** How a typed URL is read. */
export interface TargetOptions {
  /** Scheme of a URL typed without one. */
  readonly defaultScheme: "http" | "https";
  /** True: path and query are sent as typed, dot segments included (`--path-as-is`). */
  readonly isPathAsIs?: boolean | undefined;
}

/** Name and password typed in a URL, percent-decoded. */
export interface Userinfo {
  readonly user: string;
  /** Empty when none was typed. */
  readonly password: Secret;
}

/** A typed URL, taken apart. */
export interface ParsedTarget {
  /** http or https, without userinfo and fragment. */
  readonly url: URL;
  /** Request target to send in place of the path and query of `url`; only with `isPathAsIs`. */
  readonly target?: string | undefined;
  readonly userinfo?: Userinfo | undefined;
}

/** scheme "://" of RFC 3986 section 3.1. */
const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i;

/** Schemes written without "//", which would else be taken for a host name or a user name. */
const OPAQUE_SCHEME =
  /^(about|blob|chrome|data|file|ftps?|geo|javascript|magnet|mailto|news|sftp|sms|ssh|tel|urn|vbscript|view-source|wss?):(?!\d)/i;

/** What most URLs are: nothing in them is a shorthand, or can be read in two ways. */
const PLAIN =
  /^https?:\/\/[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::[1-9]\d{0,4})?\/[\w\-.~/%]*(?:\?[\w\-.~/%&=+,:]*)?$/;

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f]/;

/**
 * Returns what a typed URL means, with HTTPie's shorthands: `:8080/x` and `:/x` are localhost,
 * `host/x`, `//host/x` and `://host/x` get the default scheme.
 *
 * Spaces and other characters that may not stand in a URL are percent-encoded, a host name beyond
 * ASCII becomes punycode, the fragment is dropped.
 *
 * @throws {WeirError} USAGE_BAD_URL, USAGE_BAD_SCHEME
 */
export function parseTarget(typed: string, options: TargetOptions): ParsedTarget {
  const text = typed.trim();
  const plain = options.isPathAsIs === true || !PLAIN.test(text) ? null : URL.parse(text);
  if (plain !== null) return { url: plain };
  if (CONTROL.test(text)) {
    throw badUrl(typed, "has a control character", "Percent-encode it, for example %0A");
  }
  const { scheme, rest } = splitScheme(text, options.defaultScheme);
  const [before = ""] = rest.split("#", 1);
  const authority = /^[^/?]*/.exec(before)?.[0] ?? "";
  const at = authority.lastIndexOf("@");
  const host = authority.slice(at + 1);
  checkAuthority(typed, authority);
  checkHost(typed, host);
  const path = before.slice(authority.length);
  const url = URL.parse(`${scheme}://${host}${path.replace(/^[^?]*/, encodeBackslashes)}`);
  if (url === null) {
    throw badUrl(typed, `has the host ${quote(host)}, which cannot be read`, hintFor(host));
  }
  return {
    url,
    ...(options.isPathAsIs === true ? { target: targetAsIs(typed, path) } : {}),
    ...(at > 0 ? { userinfo: parseUserinfo(authority.slice(0, at)) } : {}),
  };
}

/** Returns `url` with `pairs` at the end of its query; what is there stays as it is. */
export function appendQuery(url: URL, pairs: readonly FormPair[]): URL {
  if (pairs.length === 0) return url;
  const longer = new URL(url);
  longer.search = appendToTarget(url.search, pairs);
  return longer;
}

/** Returns a request target, such as "/a/../b?c", with `pairs` at the end of its query. */
export function appendToTarget(target: string, pairs: readonly FormPair[]): string {
  if (pairs.length === 0) return target;
  const query = target.indexOf("?");
  if (query < 0) return `${target}?${encodeForm(pairs)}`;
  const isOpen = query === target.length - 1 || target.endsWith("&");
  return `${target}${isOpen ? "" : "&"}${encodeForm(pairs)}`;
}

function splitScheme(
  text: string,
  defaultScheme: TargetOptions["defaultScheme"],
): { scheme: string; rest: string } {
  const bare = text.startsWith("://") ? text.slice("://".length) : text;
  const opaque = OPAQUE_SCHEME.exec(bare)?.[1];
  const typed = SCHEME.exec(bare)?.[1];
  const scheme = (typed ?? opaque ?? defaultScheme).toLowerCase();
  if (scheme !== "http" && scheme !== "https") throw badScheme(scheme);
  if (typed !== undefined) return { scheme, rest: bare.slice(typed.length + "://".length) };
  // HTTPie's shorthand for this machine; "::1" is an address that lacks its brackets.
  if (/^:(?!:)/.test(bare)) {
    const rest = bare.replace(/^:(?=[/?#]|$)/, "");
    return { scheme, rest: `localhost${rest}` };
  }
  return { scheme, rest: bare.replace(/^\/\//, "") };
}

/** Browsers end the host at a backslash, others go on to the next slash: nobody knows who is meant. */
function checkAuthority(typed: string, authority: string): void {
  if (!/[\s\\]/.test(authority)) return;
  const hint = "Percent-encode it in a password, as %20 or %5C; elsewhere write / in place of \\";
  throw badUrl(typed, "has a space or a backslash before its path", hint);
}

function checkHost(typed: string, host: string): void {
  if (/^https?:$/i.test(host)) {
    throw badUrl(typed, "lacks the two slashes after its scheme", "Write it as https://host/path");
  }
  if (host.replace(/:\d*$/, "") === "") {
    const hint = "Write the host before the path, or :/path for this machine";
    throw badUrl(typed, "names no host", hint);
  }
  const port = /:(\d+)$/.exec(host.startsWith("[") ? host.replace(/^.*\]/, "") : host)?.[1];
  if (port !== undefined && !(Number(port) >= 1 && Number(port) <= 65535)) {
    throw badUrl(typed, `has the port ${port}`, "A port is a number from 1 to 65535");
  }
}

function hintFor(host: string): string {
  if (/^\[[^\]]*$/.test(host)) return "Close the brackets of an IPv6 address: http://[::1]:8080/";
  if (/^[^[]*:.*:/.test(host)) return "Put an IPv6 address in brackets: http://[::1]:8080/";
  if (host.includes(":")) return "A port is a number: http://localhost:8080/";
  return "Write it as https://host/path";
}

function parseUserinfo(text: string): Userinfo {
  const colon = text.indexOf(":");
  if (colon < 0) return { user: decode(text), password: new Secret("") };
  return {
    user: decode(text.slice(0, colon)),
    password: new Secret(decode(text.slice(colon + 1))),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // "50%" is a password somebody has: what is not percent-encoding stands for itself.
    return text;
  }
}

/** Returns the request target as typed; only what no request line can hold is dealt with. */
function targetAsIs(typed: string, path: string): string {
  if (path.includes(" ")) {
    throw badUrl(typed, "has a space, which cannot be sent as it is", "Write %20 in its place");
  }
  // The URL pattern of dot segments is kept, characters beyond ASCII cannot be.
  const ascii = path.toWellFormed().replace(/[^\u0021-\u007e]+/g, encodeURIComponent);
  return ascii.startsWith("/") ? ascii : `/${ascii}`;
}

/** The URL parser would make "/" of a backslash, which asks for another resource. */
function encodeBackslashes(path: string): string {
  return path.replaceAll("\\", "%5C");
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}

function badScheme(scheme: string): WeirError {
  return new WeirError("USAGE_BAD_SCHEME", `Scheme ${scheme} is not supported`, {
    hint: "weir speaks http and https",
    details: { scheme, supported: ["http", "https"] },
  });
}

function badUrl(typed: string, what: string, hint: string): WeirError {
  const url = redactUrl(typed);
  return new WeirError("USAGE_BAD_URL", `URL ${quote(url)} ${what}`, { hint, details: { url } });
}
