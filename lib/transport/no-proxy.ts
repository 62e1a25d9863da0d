import process from "node:process";
import type { Target } from "../guard/decision.ts";
import { literalAddress } from "./host.ts";

/** One entry of NO_PROXY. */
export type Exemption =
  | { readonly kind: "all" }
  /** The host itself and every host below it. */
  | { readonly kind: "host"; readonly host: string; readonly port?: number | undefined }
  | { readonly kind: "range"; readonly base: string; readonly prefix: number };

const CIDR = /^([0-9a-f.:]+)\/(\d{1,3})$/i;
const HOST_PORT = /^(\[[0-9a-f.:]+\]|[^:[\]]+)(?::(\d{1,5}))?$/i;

/**
 * Returns the entries of a NO_PROXY text: `*`, hosts, `.suffix`, `*.suffix`, addresses, ranges, each
 * host with an optional port. What cannot be read exempts nothing.
 */
export function parseExemptions(text: string): readonly Exemption[] {
  return text
    .split(/[\s,]+/)
    .map(parseExemption)
    .filter((one) => one !== undefined);
}

function parseExemption(text: string): Exemption | undefined {
  if (text === "*") return { kind: "all" };
  const [, base, prefix] = CIDR.exec(text) ?? [];
  if (base !== undefined) return rangeExemption(canonicalHost(base), Number(prefix));
  const isBareIpv6 = text.split(":").length > 2 && !text.startsWith("[");
  const [, name = "", port] = HOST_PORT.exec(isBareIpv6 ? `[${text}]` : text) ?? [];
  const host = canonicalHost(name.replace(/^\*?\./, ""));
  if (host === undefined) return undefined;
  return { kind: "host", host, port: port === undefined ? undefined : Number(port) };
}

function rangeExemption(base: string | undefined, prefix: number): Exemption | undefined {
  const family = base === undefined ? undefined : literalAddress(base)?.family;
  if (base === undefined || family === undefined) return undefined;
  return prefix <= (family === 4 ? 32 : 128) ? { kind: "range", base, prefix } : undefined;
}

/** Returns a host as a URL spells it: lower case, punycode, canonical addresses, no brackets. */
function canonicalHost(text: string): string | undefined {
  const bare = text.replace(/^\[|\]$/g, "");
  const authority = bare.includes(":") ? `http://[${bare}]` : `http://${bare}`;
  if (bare === "" || !URL.canParse(authority)) return undefined;
  return new URL(authority).hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
}

/** Says whether the target is to be reached without a proxy. */
export function isExempt(exemptions: readonly Exemption[], target: Target): boolean {
  return exemptions.some((one) => covers(one, target));
}

function covers(exemption: Exemption, target: Target): boolean {
  const host = target.host.replace(/\.$/, "");
  switch (exemption.kind) {
    case "all":
      return true;
    case "range":
      return isInRange(host, exemption);
    case "host":
      return (
        (exemption.port === undefined || exemption.port === target.port) &&
        (host === exemption.host || host.endsWith(`.${exemption.host}`))
      );
  }
}

function isInRange(
  host: string,
  range: { readonly base: string; readonly prefix: number },
): boolean {
  const address = literalAddress(host);
  const family = literalAddress(range.base)?.family;
  if (address === undefined || address.family !== family) return false;
  // Loaded here because few have a range in NO_PROXY, and all start faster without it.
  const { BlockList } = process.getBuiltinModule("node:net");
  const list = new BlockList();
  list.addSubnet(range.base, range.prefix, `ipv${family}`);
  return list.check(host, `ipv${family}`);
}
