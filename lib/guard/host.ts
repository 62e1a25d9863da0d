import { isMapped } from "./address.ts";
import { parseIp, type Ip } from "./ip.ts";

/** A host as it is compared: lower case, `xn--`, without root dot and brackets. */
export interface Host {
  readonly name: string;
  /** The address, when the host is a literal. */
  readonly ip: Ip | undefined;
}

/** Why a host cannot be read. */
export interface HostProblem {
  /** Name of the rule of the guard, for example `lexis:ip-literal`. */
  readonly rule: string;
  readonly reason: string;
  readonly hint: string;
}

/** A host, or why it is refused. */
export type HostReading =
  | { readonly host: Host; readonly isUnicode: boolean }
  | { readonly problem: HostProblem };

const ASCII_NAME = /^[a-z0-9._-]+$/;
const ASCII = /^[\0-\x7f]*$/;
const ANY_ASCII = /[\0-\x7f]/;
/** A last label that makes URL parsers read the whole host as IPv4. */
const NUMBER = /^(?:\d+|0x[0-9a-f]*)$/;
/** Characters that parsers drop, and format characters that nobody sees. */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{C}\p{Z}]/u;

const MAX_NAME_LENGTH = 253;
const MAX_LABEL_LENGTH = 63;

/**
 * Reads a host as it is written: a name, IPv4, or IPv6 in brackets.
 *
 * Nothing is repaired but case, IDNA and one root dot. `isUnicode` tells that the name was written
 * with characters outside ASCII.
 */
export function readHost(text: string): HostReading {
  if (text.startsWith("[")) return readIpv6(text);
  const lower = text.toLowerCase();
  if (!ASCII.test(text)) return readUnicodeName(text, lower);
  return readAsciiName(lower);
}

function readIpv6(text: string): HostReading {
  const inside = text.slice(1, -1);
  if (!text.endsWith("]") || inside.includes("[")) return badName("is not a host name");
  if (inside.includes("%")) return badLiteral("has an IPv6 zone");
  const ip = parseIp(inside);
  if (ip === undefined || ip.family === 4) return badLiteral("is not an IPv6 address");
  if (inside.includes(".") || isMapped(ip)) return badLiteral("is IPv4 written as IPv6");
  return { host: { name: inside.toLowerCase(), ip }, isUnicode: false };
}

function readAsciiName(text: string): HostReading {
  if (!ASCII_NAME.test(text)) return badName("is not a host name");
  const name = text.endsWith(".") ? text.slice(0, -1) : text;
  const labels = name.split(".");
  const last = labels.at(-1) ?? "";
  if (NUMBER.test(last)) {
    const ip = parseIp(text);
    if (ip === undefined) return badLiteral("is not an IPv4 address in its usual spelling");
    return { host: { name, ip }, isUnicode: false };
  }
  if (labels.includes("")) return badName("has an empty label");
  if (name.length > MAX_NAME_LENGTH || labels.some((label) => label.length > MAX_LABEL_LENGTH)) {
    return badName("is longer than DNS allows");
  }
  return { host: { name, ip: undefined }, isUnicode: false };
}

/** Reads a name outside ASCII: only when each such label stays itself and becomes `xn--`. */
function readUnicodeName(text: string, lower: string): HostReading {
  const isFolding =
    INVISIBLE.test(text) ||
    lower !== lower.normalize("NFKC") ||
    Array.from(text).some(foldsToAscii);
  if (isFolding) return folding();
  const ascii = toAscii(lower);
  if (ascii === undefined) return badName("is not a host name");
  const labels = ascii.split(".");
  const written = lower.split(".");
  const isKept = written.every((label, at) =>
    ASCII.test(label) ? label === labels[at] : labels[at]?.startsWith("xn--") === true,
  );
  if (labels.length !== written.length || !isKept) return folding();
  const reading = readAsciiName(ascii);
  return "problem" in reading ? reading : { host: reading.host, isUnicode: true };
}

/** Says whether a character outside ASCII turns into one of ASCII on the way to DNS. */
function foldsToAscii(character: string): boolean {
  return !ASCII.test(character) && ANY_ASCII.test(character.normalize("NFKC").toLowerCase());
}

function toAscii(name: string): string | undefined {
  const isPlain = Array.from(name).every(
    (character) => !ASCII.test(character) || ASCII_NAME.test(character),
  );
  if (!isPlain) return undefined;
  const url = URL.parse(`http://${name}/`);
  return url === null ? undefined : url.hostname;
}

function badName(what: string): HostReading {
  return {
    problem: {
      rule: "lexis:host",
      reason: `The host ${what}`,
      hint: "Write the host as a plain DNS name such as api.example.com",
    },
  };
}

function badLiteral(what: string): HostReading {
  return {
    problem: {
      rule: "lexis:ip-literal",
      reason: `The host ${what}`,
      hint: "Write IPv4 as four decimal numbers and IPv6 in brackets, without a zone",
    },
  };
}

function folding(): HostReading {
  return {
    problem: {
      rule: "lexis:folding",
      reason: "The host has characters that turn into others when it is looked up",
      hint: "Write the host in ASCII, with xn-- labels where needed",
    },
  };
}

/** Says whether `name` means this machine, RFC 6761 section 6.3. */
export function isLocalhost(name: string): boolean {
  return name === "localhost" || name.endsWith(".localhost");
}
