import { deny, type Denial } from "./deny.ts";
import { readHost, type HostProblem } from "./host.ts";

/** A URL that may be looked at further, or why its text is refused. */
export type UrlReading =
  /** `isUnicode`: the host was written with characters outside ASCII. */
  { readonly url: URL; readonly isUnicode: boolean } | { readonly denial: Denial };

/** Longest URL, written or parsed, in characters: a parsed URL has one byte each. */
const URL_CAP_BYTES = 8192;

/** Text that needs no closer look: printable ASCII without space and backslash. */
const CLEAN = /^[!-[\]-~]*$/;
const SPACE = /[\s\p{Z}]/u;
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}]/u;
const SHAPE = /^([a-z][a-z0-9+.-]*):(\/*)([^/?#]*)/i;
const AUTHORITY = /^(\[[^\]]*\]|[^:[\]]*)(?::(.*))?$/s;
const PORT = /^[1-9]\d{0,4}$/;

/**
 * Judges the text of an absolute URL before it is parsed, and parses it.
 *
 * URL parsers repair: they drop tabs, turn backslashes round, add slashes, fold characters and read
 * octal addresses. What would need repair is refused, because the guard and whatever reads the URL
 * later may repair it differently. The URL comes back without fragment and root dot.
 */
export function judgeUrlText(text: string): UrlReading {
  const denial = judgeCharacters(text);
  if (denial !== undefined) return { denial };
  const [, scheme = "", slashes = "", authority = ""] = SHAPE.exec(text) ?? [];
  return judgeScheme(scheme) ?? judgeSlashes(slashes) ?? readAuthority(text, authority);
}

/**
 * Judges the text of a Location header, which may be relative to `from`.
 *
 * The same characters and forms are refused as in an absolute URL.
 */
export function judgeLocation(text: string, from: URL): UrlReading {
  const denial = judgeCharacters(text);
  if (denial !== undefined) return { denial };
  if (SHAPE.test(text)) return judgeUrlText(text);
  if (text.startsWith("//")) return judgeUrlText(from.protocol + text);
  const url = URL.parse(text, from.href);
  if (url === null) return refuse("parse", "The URL cannot be parsed");
  return judgeUrlText(url.href);
}

/** Returns the denial of a URL that is too long, undefined when it is not. */
export function judgeUrlLength(href: string): Denial | undefined {
  if (href.length <= URL_CAP_BYTES) return undefined;
  return denyForm("length", `The URL is longer than ${URL_CAP_BYTES} bytes`, "Send a shorter URL");
}

function judgeCharacters(text: string): Denial | undefined {
  const tooLong = judgeUrlLength(text);
  if (tooLong !== undefined) return tooLong;
  if (CLEAN.test(text)) return undefined;
  if (text.includes("\\")) {
    return denyForm("backslash", "The URL has a backslash", "Write / in paths, and %5C elsewhere");
  }
  // Line breaks and tabs are white space too, but the more serious finding is told first.
  if (HIDDEN.test(text)) {
    const hint = "Percent-encode what really belongs to the URL";
    return denyForm("control", "The URL has a control or invisible character", hint);
  }
  if (SPACE.test(text)) {
    return denyForm("space", "The URL has white space", "Write a space as %20");
  }
  return undefined;
}

function judgeScheme(scheme: string): UrlReading | undefined {
  const lower = scheme.toLowerCase();
  if (lower === "http" || lower === "https") return undefined;
  const reason = scheme === "" ? "The URL has no scheme" : `Scheme ${lower} is not allowed`;
  return refuse("scheme", reason, "Write the URL in full, from https:// or http:// on");
}

function judgeSlashes(slashes: string): UrlReading | undefined {
  if (slashes === "//") return undefined;
  return refuse("slashes", "The URL does not have two slashes after its scheme");
}

function readAuthority(text: string, authority: string): UrlReading {
  if (authority.includes("@")) {
    const hint = "Leave user name and password out of the URL; send an Authorization header";
    return refuse("userinfo", "The URL has a user name or password", hint);
  }
  if (authority.includes("%")) {
    const hint = "Write the host without percent-encoding";
    return refuse("percent", "The host is percent-encoded", hint);
  }
  if (authority === "") return refuse("host", "The URL has no host");
  const parts = AUTHORITY.exec(authority);
  if (parts === null) return refuse("host", "Host and port cannot be told apart");
  if (parts[2] !== undefined && !isPort(parts[2])) {
    return refuse("port", "The port is not a number from 1 to 65535", "Write the port in digits");
  }
  const reading = readHost(parts[1] ?? "");
  if ("problem" in reading) return { denial: denyHost(reading.problem) };
  return parse(text, reading);
}

function isPort(text: string): boolean {
  return PORT.test(text) && Number(text) <= 65535;
}

/** Parses what was judged, and refuses when the parser saw another host. */
function parse(
  text: string,
  { host, isUnicode }: { readonly host: { readonly name: string }; readonly isUnicode: boolean },
): UrlReading {
  const url = URL.parse(text);
  if (url === null) return refuse("parse", "The URL cannot be parsed");
  if (url.hostname.endsWith(".")) url.hostname = url.hostname.slice(0, -1);
  url.hash = "";
  const isSame = url.hostname.startsWith("[") || url.hostname === host.name;
  if (!isSame) return refuse("host", "The host does not read the same in every parser");
  const tooLong = judgeUrlLength(url.href);
  return tooLong === undefined ? { url, isUnicode } : { denial: tooLong };
}

/** Returns the denial of a host that cannot be read. */
export function denyHost({ rule, reason, hint }: HostProblem): Denial {
  return deny("POLICY_BAD_URL", rule, { reason, hint });
}

function denyForm(rule: string, reason: string, hint?: string): Denial {
  return deny("POLICY_BAD_URL", `lexis:${rule}`, { reason, hint });
}

function refuse(rule: string, reason: string, hint?: string): UrlReading {
  return { denial: denyForm(rule, reason, hint) };
}
