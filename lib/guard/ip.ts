/** An IP address as numbers, most significant byte first: 4 or 16 of them. */
export interface Ip {
  readonly family: 4 | 6;
  readonly bytes: readonly number[];
}

/** All addresses that share the first `prefix` bits of `base`. */
export interface Range {
  readonly base: Ip;
  readonly prefix: number;
}

const OCTET = /^(?:0|[1-9]\d{0,2})$/;
const GROUP = /^[0-9a-f]{1,4}$/i;
const DOTTED_TAIL = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/;
const CIDR = /^([^/]+)\/(0|[1-9]\d{0,2})$/;

/**
 * Returns the address written as `text`, without brackets and zone, or undefined.
 *
 * IPv4 in its one canonical spelling only (no octal, hex or short forms), IPv6 in any spelling of
 * RFC 4291 section 2.2.
 */
export function parseIp(text: string): Ip | undefined {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): Ip | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  const bytes = parts.map((part) => (OCTET.test(part) ? Number(part) : 256));
  return bytes.every((byte) => byte <= 255) ? { family: 4, bytes } : undefined;
}

function parseIpv6(text: string): Ip | undefined {
  const dotted = DOTTED_TAIL.exec(text);
  const hexText = dotted === null ? text : withHexTail(dotted[1] ?? "", dotted[2] ?? "");
  const halves = hexText?.split("::") ?? [];
  if (halves.length === 0 || halves.length > 2) return undefined;
  const head = groupsOf(halves[0] ?? "");
  const tail = groupsOf(halves[1] ?? "");
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => 0), ...tail];
  return { family: 6, bytes: groups.flatMap((group) => [group >> 8, group & 0xff]) };
}

function withHexTail(head: string, dotted: string): string | undefined {
  const ip = parseIpv4(dotted);
  if (ip === undefined) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = ip.bytes;
  return `${head}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}

function groupsOf(text: string): readonly number[] | undefined {
  if (text === "") return [];
  const groups = text.split(":");
  return groups.every((group) => GROUP.test(group))
    ? groups.map((group) => Number.parseInt(group, 16))
    : undefined;
}

/** Returns the range written as `address/prefix`, or undefined. Host bits have to be zero. */
export function parseRange(text: string): Range | undefined {
  const parts = CIDR.exec(text);
  const base = parseIp(parts?.[1] ?? "");
  const prefix = Number(parts?.[2]);
  if (base === undefined || !(prefix <= bitsOf(base))) return undefined;
  return isSameIp(base, firstOf({ base, prefix })) ? { base, prefix } : undefined;
}

/** Returns the range that holds `ip` alone. */
export function rangeOf(ip: Ip): Range {
  return { base: ip, prefix: bitsOf(ip) };
}

/** Says whether `range` is a single address. */
export function isSingle(range: Range): boolean {
  return range.prefix === bitsOf(range.base);
}

function bitsOf(ip: Ip): number {
  return ip.bytes.length * 8;
}

/** Returns the bits of byte `at` that the prefix fixes. */
function maskAt(prefix: number, at: number): number {
  const bits = Math.min(8, Math.max(0, prefix - at * 8));
  return 0xff & (0xff << (8 - bits));
}

function firstOf({ base, prefix }: Range): Ip {
  return { ...base, bytes: base.bytes.map((byte, at) => byte & maskAt(prefix, at)) };
}

/** Says whether two addresses are the same. */
export function isSameIp(left: Ip, right: Ip): boolean {
  return left.family === right.family && left.bytes.every((byte, at) => byte === right.bytes[at]);
}

/** Says whether `range` holds `ip`. */
export function isInRange(ip: Ip, { base, prefix }: Range): boolean {
  if (ip.family !== base.family) return false;
  for (let at = 0; at * 8 < prefix; at += 1) {
    const differing = (ip.bytes[at] ?? 0) ^ (base.bytes[at] ?? 0);
    if ((differing & maskAt(prefix, at)) !== 0) return false;
  }
  return true;
}

/** Says whether the ranges share an address. */
export function isOverlapping(left: Range, right: Range): boolean {
  return isInRange(left.base, right) || isInRange(right.base, left);
}
