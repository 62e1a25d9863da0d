import { isInRange, isSameIp, parseIp, parseRange, rangeOf, type Ip, type Range } from "./ip.ts";

/** What kind of place an address is. */
export type AddressClass =
  | "public"
  | "private"
  | "shared"
  | "benchmark"
  | "documentation"
  | "reserved"
  | "loopback"
  | "own"
  | "link-local"
  | "metadata"
  | "unspecified"
  | "multicast"
  | "broadcast"
  | "transition";

/** An address, and what it really leads to. */
export interface ClassifiedAddress {
  readonly class: AddressClass;
  /** The IPv4 address inside a mapped or NAT64 address, else the address itself. */
  readonly ip: Ip;
}

/**
 * Where clouds serve credentials to whoever asks from inside. Collected from the datasources of
 * cloud-init and the providers' own pages; some stand in ranges that are otherwise private or even
 * public, so each needs a name here.
 */
const METADATA = ranges(
  "169.254.169.254", // AWS, Azure, Google and most others
  "169.254.170.2", // AWS ECS
  "169.254.170.23", // AWS EKS
  "169.254.0.23", // Tencent
  "169.254.10.10", // Tencent
  "169.254.42.42", // Scaleway
  "100.100.100.200", // Alibaba
  "168.63.129.16", // Azure host agent
  "192.0.0.192", // Oracle
  "fd00:ec2::/32", // AWS: metadata, EKS, DNS, time
  "fd20:ce::254", // Google
  "fd00:c1::a9fe:a9fe", // Oracle
  "fd00:42::42", // Scaleway
  "fd00:a9fe:a9fe::1", // Akamai
  "fd00:100::100:200", // Alibaba
  "fe80::a9fe:a9fe", // OpenStack, Akamai
);

/**
 * The IANA special-purpose registries (RFC 6890 and its updates), narrowest first where ranges
 * nest. What IANA calls globally reachable inside 192.0.0.0/24 and 2001::/23 serves no HTTP, so
 * these are refused whole.
 */
const SPECIAL: readonly (readonly [AddressClass, readonly Range[]])[] = [
  ["broadcast", ranges("255.255.255.255")],
  ["unspecified", ranges("0.0.0.0/8", "::")],
  ["loopback", ranges("127.0.0.0/8", "::1")],
  ["private", ranges("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")],
  ["shared", ranges("100.64.0.0/10")],
  ["link-local", ranges("169.254.0.0/16", "fe80::/10")],
  ["multicast", ranges("224.0.0.0/4", "ff00::/8")],
  ["benchmark", ranges("198.18.0.0/15", "2001:2::/48")],
  [
    "documentation",
    ranges("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"),
  ],
  [
    "transition",
    ranges(
      "192.88.99.0/24", // relay of 6to4, RFC 7526
      "::/96", // IPv4-compatible
      "::ffff:0:0:0/96", // IPv4-translated, RFC 7915
      "64:ff9b:1::/48", // NAT64 of local use, RFC 8215: where the IPv4 stands is not known
      "2002::/16", // 6to4
      "2001::/32", // Teredo
    ),
  ],
  ["reserved", ranges("192.0.0.0/24", "240.0.0.0/4", "2001::/23")],
];

/** The only IPv6 space that IANA has handed out for global unicast, RFC 4291 section 2.4. */
const GLOBAL_UNICAST = ranges("2000::/3");
const LOOPBACK = ranges("127.0.0.0/8", "::1");
const MAPPED = ranges("::ffff:0:0/96");
/** Ranges whose last four bytes are an IPv4 address that packets really go to. */
const EMBEDDING = [...MAPPED, ...ranges("64:ff9b::/96")];
/** Ranges that only an entry of `allowed_domains` opens. */
const LOCAL_ONLY = ranges("127.0.0.0/8", "::1", "169.254.0.0/16", "fe80::/10");

/** Classes that nothing opens: no server can be there, or what is behind it cannot be judged. */
const NEVER: ReadonlySet<AddressClass> = new Set([
  "unspecified",
  "multicast",
  "broadcast",
  "transition",
]);

/** Classes that `allowed_private` does not open. */
const NOT_BY_NAME: ReadonlySet<AddressClass> = new Set([
  ...NEVER,
  "loopback",
  "own",
  "link-local",
  "metadata",
]);

function ranges(...texts: readonly string[]): readonly Range[] {
  return texts.flatMap((text) => {
    const ip = parseIp(text);
    return (ip === undefined ? parseRange(text) : rangeOf(ip)) ?? [];
  });
}

function isInAny(ip: Ip, list: readonly Range[]): boolean {
  return list.some((range) => isInRange(ip, range));
}

/**
 * Returns what kind of place `address` is; `own` are the addresses of this machine.
 *
 * IPv4 inside mapped (::ffff:0:0/96) and NAT64 (64:ff9b::/96) addresses is decoded and judged;
 * every other way to carry IPv4 inside IPv6 is "transition".
 */
export function classifyAddress(address: Ip, own: readonly Ip[]): ClassifiedAddress {
  const ip = embeddedIn(address) ?? address;
  if (isInAny(ip, METADATA)) return { class: "metadata", ip };
  if (isInAny(ip, LOOPBACK)) return { class: "loopback", ip };
  if (own.some((mine) => isSameIp(mine, ip) || isSameIp(mine, address)))
    return { class: "own", ip };
  if (isIsatap(ip)) return { class: "transition", ip };
  const special = SPECIAL.find(([, list]) => isInAny(ip, list));
  if (special !== undefined) return { class: special[0], ip };
  const isPublic = ip.family === 4 || isInAny(ip, GLOBAL_UNICAST);
  return { class: isPublic ? "public" : "reserved", ip };
}

function embeddedIn(address: Ip): Ip | undefined {
  if (address.family === 4 || !isInAny(address, EMBEDDING)) return undefined;
  return { family: 4, bytes: address.bytes.slice(12) };
}

/** Says whether the interface part is 0000:5efe or 0200:5efe, RFC 5214 section 6.1. */
function isIsatap({ family, bytes }: Ip): boolean {
  if (family === 4 || bytes[10] !== 0x5e || bytes[11] !== 0xfe) return false;
  return (bytes[8] === 0 || bytes[8] === 2) && bytes[9] === 0;
}

/** Says whether `ip` is an IPv4 address in IPv6 spelling. */
export function isMapped(ip: Ip): boolean {
  return isInAny(ip, MAPPED);
}

/** Says whether no entry of a policy can open addresses of this class. */
export function isNeverOpen(addressClass: AddressClass): boolean {
  return NEVER.has(addressClass);
}

/** Says whether `allowed_private` can open addresses of this class. */
export function isOpenByName(addressClass: AddressClass): boolean {
  return !NOT_BY_NAME.has(addressClass);
}

/** Returns the ranges that may not be part of `allowed_private`. */
export function localOnlyRanges(): readonly Range[] {
  return LOCAL_ONLY;
}

/** Returns the address written as `text` as resolvers print it, perhaps with a zone. */
export function parseResolved(text: string): Ip | undefined {
  return parseIp(text.replace(/%.*$/s, ""));
}
