import type { KeyPath } from "./problem.ts";
import { badEntry } from "./problem.ts";

/** One host, or all hosts below one, that a credential may be sent to. */
export interface HostBinding {
  /** Lower case, `xn--`, without root dot; IPv6 in brackets, as `URL.hostname` has it. */
  readonly host: string;
  readonly isWildcard: boolean;
  /** Undefined: the default port of the scheme, or any port of a loopback host. */
  readonly port: number | "*" | undefined;
}

/** Says whether anybody can register names below `name`. */
export type IsPublicSuffix = (name: string) => boolean;

const PATTERN = /^(\*\.)?(\[[0-9A-Fa-f:.]+\]|[^\s:*@/\\?#%[\]]+)(?::(\d{1,5}|\*))?$/;
const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Says whether the host is this machine by its name or address alone. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/**
 * Reads `host`, `*.host`, IPv4 or `[IPv6]`, each with optional `:port` or `:*`.
 *
 * @throws {WeirError} CONFIG_INVALID with the key path
 */
export function parseBinding(
  text: string,
  path: KeyPath,
  isPublicSuffix: IsPublicSuffix,
): HostBinding {
  const [, wildcard, written = "", port] = PATTERN.exec(text) ?? [];
  const host = canonicalHost(written);
  if (host === undefined) {
    throw badEntry(path, "is not a host", 'Write for example "api.example.com" or "*.example.com"');
  }
  const isWildcard = wildcard !== undefined;
  if (isWildcard && (/^[[\d]/.test(host) || !host.includes(".") || isPublicSuffix(host))) {
    throw badEntry(path, "covers hosts of strangers", "Write *. before a domain that is yours");
  }
  if (port === undefined || port === "*") return { host, isWildcard, port };
  const number = Number(port);
  if (number >= 1 && number <= 65_535) return { host, isWildcard, port: number };
  throw badEntry(path, "has a port out of range", "A port is 1 to 65535");
}

/** Returns the host as URLs have it, undefined when it is none or is written in an odd way. */
function canonicalHost(written: string): string | undefined {
  const lower = written.toLowerCase().replace(/\.$/, "");
  if (lower === "") return undefined;
  const host = URL.parse(`https://${lower}/`)?.hostname;
  if (host === undefined) return undefined;
  // An address in hex or with fewer parts is repaired by the parser; a name in Unicode becomes xn--.
  const isRepaired = /^[\0-\x7f]*$/.test(lower) && !lower.startsWith("[") && host !== lower;
  return isRepaired ? undefined : host;
}

/** Says whether `url` is one of the hosts, on a port that is meant. */
export function isBound(bindings: readonly HostBinding[], url: URL): boolean {
  const host = url.hostname.replace(/\.$/, "");
  return bindings.some((one) => {
    const isHost = one.isWildcard ? host.endsWith(`.${one.host}`) : host === one.host;
    return isHost && isPort(one.port, url, host);
  });
}

function isPort(port: HostBinding["port"], url: URL, host: string): boolean {
  // Empty: the default port of the scheme. Servers on loopback seldom have that one.
  if (port === undefined) return url.port === "" || isLoopback(host);
  if (port === "*") return true;
  return port === Number(url.port || (url.protocol === "https:" ? 443 : 80));
}
