import { classifyAddress, isNeverOpen, isOpenByName, parseResolved } from "./address.ts";
import type { AddressClass } from "./address.ts";
import { deny, type Denial } from "./deny.ts";
import { coversHost, coversPort, type Destination, type Entry } from "./entry.ts";
import { isLocalhost } from "./host.ts";
import { isInRange, isSameIp, isSingle, type Ip } from "./ip.ts";
import type { CompiledPolicy } from "./policy.ts";
import { ruleAgainst, ruleName, type Rule } from "./rules.ts";

/** The entries that open addresses. */
export type AddressPolicy = Pick<CompiledPolicy, "allowed" | "allowedPrivate" | "rules">;

/** Words for a reader who does not know the names of the classes. */
const PHRASES: Readonly<Record<AddressClass, string>> = {
  public: "a public address",
  private: "a private address",
  shared: "an address shared behind a carrier's NAT",
  benchmark: "an address for benchmarks",
  documentation: "an address for documentation",
  reserved: "a reserved address",
  loopback: "a loopback address",
  own: "an address of this machine",
  "link-local": "a link-local address",
  metadata: "an address of a cloud's metadata service",
  unspecified: "an unspecified address",
  multicast: "a multicast address",
  broadcast: "a broadcast address",
  transition: "an IPv6 address that carries IPv4",
};

/**
 * Returns the denial of connecting to `address` for `to`.
 *
 * - A literal has to be covered by an entry of its own.
 * - `localhost` and names below it may be loopback and nothing else.
 * - Any other name may be a public address, or one that `allowed_domains` has an entry for at this
 *   port, or, outside this machine and its link, one that `allowed_private` opens.
 * - A metadata address needs an entry that is exactly this address.
 * - A deny rule for an address or range closes it to names too.
 */
export function judgeAddress(
  policy: AddressPolicy,
  { to, address, own }: { to: Destination; address: string; own: readonly Ip[] },
): Denial | undefined {
  const parsed = parseResolved(address);
  if (parsed === undefined) return denyAddress(to, address, "reserved");
  const { class: kind, ip } = classifyAddress(parsed, own);
  const against = ruleAgainst(policy.rules, ip, to);
  if (against !== undefined) return denyByRule(against, to, address);
  if (isLocalhost(to.host.name)) {
    return kind === "loopback" ? undefined : denyAddress(to, address, kind);
  }
  if (isNeverOpen(kind)) return denyAddress(to, address, kind);
  const found = { to, ip, kind };
  const isOpen =
    to.host.ip === undefined
      ? isOpenToName(policy, found)
      : isSameIp(parsed, to.host.ip) && isOpenAsLiteral(policy, found);
  return isOpen ? undefined : denyAddress(to, address, kind);
}

/** An address that a host led to. */
interface Found {
  readonly to: Destination;
  /** What is really connected to: IPv4 where IPv6 carries it. */
  readonly ip: Ip;
  readonly kind: AddressClass;
}

/** The literal itself was found in the list before; only a public address needs no more. */
function isOpenAsLiteral({ allowed, rules }: AddressPolicy, found: Found): boolean {
  const permitting = rules.filter((rule) => rule.action !== "deny").map((rule) => rule.host);
  return (
    found.kind === "public" || [...allowed, ...permitting].some((entry) => opens(entry, found))
  );
}

function isOpenToName({ allowed, allowedPrivate }: AddressPolicy, found: Found): boolean {
  return (
    found.kind === "public" ||
    allowed.some((entry) => opens(entry, found)) ||
    (isOpenByName(found.kind) && allowedPrivate.some((entry) => opensPrivate(entry, found)))
  );
}

function opens(entry: Entry, { to, ip, kind }: Found): boolean {
  if (entry.kind !== "range" || (kind === "metadata" && !isSingle(entry.range))) return false;
  return isInRange(ip, entry.range) && coversPort(entry, to);
}

/** A name there opens whatever it resolves to, a range opens its addresses for every name. */
function opensPrivate(entry: Entry, { to, ip }: Found): boolean {
  if (!coversPort(entry, to)) return false;
  return entry.kind === "range" ? isInRange(ip, entry.range) : coversHost(entry, to);
}

function denyByRule({ index, reason }: Rule, { host }: Destination, address: string): Denial {
  const text = reason ?? `A rule denies ${address}, which ${host.name} leads to`;
  return deny("POLICY_ADDRESS", ruleName(index), { reason: text });
}

function denyAddress({ host }: Destination, address: string, kind: AddressClass): Denial {
  const phrase = PHRASES[kind];
  const reason =
    host.ip === undefined
      ? `${host.name} resolves to ${address}, ${phrase}`
      : `${address} is ${phrase} that the policy does not open`;
  return deny("POLICY_ADDRESS", `address:${kind}`, { reason });
}
