import { classifyAddress, isMapped, isNeverOpen } from "./address.ts";
import { readHost, type Host } from "./host.ts";
import { isInRange, isOverlapping, parseIp, parseRange, rangeOf, type Range } from "./ip.ts";

/** Ports an entry covers; "default" is 80 for http and 443 for https. */
export type EntryPort = "default" | "any" | number;

/** One line of an allowlist. */
export type Entry = {
  /** As the operator wrote it. */
  readonly text: string;
  readonly port: EntryPort;
} & (
  | { readonly kind: "name"; readonly name: string }
  /** `*.name`: one label or more below it, never the name itself. */
  | { readonly kind: "below"; readonly name: string }
  /** A literal address is a range of one. */
  | { readonly kind: "range"; readonly range: Range }
);

/** Where a request goes, as entries compare it. */
export interface Destination {
  readonly scheme: "http" | "https";
  readonly host: Host;
  readonly port: number;
  /** True: the name was written outside ASCII, so that no wildcard covers it. */
  readonly isUnicode: boolean;
}

/** What is wrong with an entry, and what would be right. */
export interface EntryProblem {
  readonly problem: string;
  readonly hint: string;
}

/** An entry, or why it is refused. */
export type EntryReading = { readonly entry: Entry } | EntryProblem;

const GRAMMAR =
  "An entry is a host, *.host, IPv4, [IPv6] or CIDR range, each with :port or :* if needed";
const PLAIN = /^[^\s\p{C}\\?#%@]+$/u;
const WITH_PREFIX = /^([^/]+\/\d+)(?::([^:]*))?$/;
const WITH_BRACKETS = /^(\[[^\]]*\])(?::([^:]*))?$/;
const WITH_NAME = /^([^:]*)(?::([^:]*))?$/;
const PORT = /^[1-9]\d{0,4}$/;

/** Shortest prefixes that still are somebody's network. */
const WIDEST = { 4: 8, 6: 16 } as const;

/** Unique local addresses are one organisation's as a whole, RFC 4193. */
const UNIQUE_LOCAL = "fc00::/7";

/**
 * Reads one entry: `host`, `*.host`, IPv4, `[IPv6]` or CIDR, each with optional `:port` or `:*`.
 *
 * Names become lower case and `xn--`, one root dot goes; nothing else is repaired. Whether the name
 * after `*.` is a public suffix is not known here.
 */
export function readEntry(text: string): EntryReading {
  if (text === "") return { problem: "is empty", hint: GRAMMAR };
  if (text.includes("://")) return { problem: "has a scheme", hint: hostOnly("schemes") };
  if (!PLAIN.test(text)) {
    return { problem: "has a character that no host has", hint: GRAMMAR };
  }
  if (text.includes("/")) return readRangeEntry(text);
  const parts = (text.startsWith("[") ? WITH_BRACKETS : WITH_NAME).exec(text);
  if (parts === null) return badColons(text);
  const port = readPort(parts[2]);
  if (port === undefined) return badPort();
  return readHostEntry(text, { host: parts[1] ?? "", port });
}

function hostOnly(key: string): string {
  return `Write the host alone; a [[http_request.rule]] has ${key}`;
}

function badColons(text: string): EntryProblem {
  const isBare = parseIp(text) !== undefined;
  return isBare
    ? { problem: "is IPv6 without brackets", hint: `Write "[${text}]"` }
    : { problem: "has more than one port", hint: GRAMMAR };
}

function badPort(): EntryProblem {
  return { problem: "has a port that is none", hint: "A port is 1 to 65535, or * for any" };
}

function readPort(text: string | undefined): EntryPort | undefined {
  if (text === undefined) return "default";
  if (text === "*") return "any";
  return PORT.test(text) && Number(text) <= 65535 ? Number(text) : undefined;
}

function readRangeEntry(text: string): EntryReading {
  const parts = WITH_PREFIX.exec(text);
  const base = parts?.[1]?.split("/")[0] ?? "";
  if (parts === null || parseIp(base) === undefined) {
    return { problem: "has a path", hint: hostOnly("paths") };
  }
  const range = parseRange(parts[1] ?? "");
  if (range === undefined) {
    return {
      problem: "is not a CIDR range",
      hint: "Write the first address of the range and a prefix length, as in 10.1.2.0/24",
    };
  }
  const port = readPort(parts[2]);
  if (port === undefined) return badPort();
  return checkRange({ kind: "range", text, port, range });
}

function readHostEntry(
  text: string,
  { host, port }: { readonly host: string; readonly port: EntryPort },
): EntryReading {
  const isBelow = host.startsWith("*.");
  const written = isBelow ? host.slice(2) : host;
  if (written === "*") return { problem: "covers every host", hint: GRAMMAR };
  if (written.includes("*")) {
    return {
      problem: "has a * that is not its first label",
      hint: "Write *.example.com for every host below example.com",
    };
  }
  const reading = readHost(written);
  if ("problem" in reading) {
    return { problem: reading.problem.reason.replace("The host ", ""), hint: GRAMMAR };
  }
  const { name, ip } = reading.host;
  if (ip === undefined) return { entry: { kind: isBelow ? "below" : "name", text, port, name } };
  if (isBelow) return { problem: "puts a * before an address", hint: "Write a CIDR range" };
  return checkRange({ kind: "range", text, port, range: rangeOf(ip) });
}

function checkRange(entry: Extract<Entry, { readonly kind: "range" }>): EntryReading {
  const { base, prefix } = entry.range;
  if (base.family === 6 && isMapped(base)) {
    return { problem: "is IPv4 written as IPv6", hint: "Write the IPv4 address" };
  }
  const isOneNetwork = `${entry.text}:`.startsWith(`${UNIQUE_LOCAL}:`);
  if (prefix < WIDEST[base.family] && !isOneNetwork) {
    return {
      problem: "is too wide",
      hint: `Name the networks one by one, none wider than /${WIDEST[base.family]}`,
    };
  }
  if (isNeverOpen(classifyAddress(base, []).class)) {
    return {
      problem: "names addresses that are never connected to",
      hint: "Write the address that the server itself has",
    };
  }
  return { entry };
}

/** Says whether the entry's host is that of `to`, whatever the port. */
export function coversHost(entry: Entry, { host, isUnicode }: Destination): boolean {
  if (entry.kind === "range") return host.ip !== undefined && isInRange(host.ip, entry.range);
  if (host.ip !== undefined) return false;
  if (entry.kind === "name") return host.name === entry.name;
  return !isUnicode && host.name.endsWith(`.${entry.name}`);
}

/** Says whether the entry covers the port of `to`. */
export function coversPort(entry: Entry, to: Pick<Destination, "scheme" | "port">): boolean {
  if (entry.port === "any") return true;
  if (entry.port !== "default") return entry.port === to.port;
  return to.port === (to.scheme === "https" ? 443 : 80);
}

/** Says whether the entry covers `to`: host and port. */
export function covers(entry: Entry, to: Destination): boolean {
  return coversHost(entry, to) && coversPort(entry, to);
}

/** Says whether the entry is a range that shares an address with one of `ranges`. */
export function touches(entry: Entry, ranges: readonly Range[]): boolean {
  return entry.kind === "range" && ranges.some((range) => isOverlapping(entry.range, range));
}
