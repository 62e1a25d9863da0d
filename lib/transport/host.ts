import type { Target } from "../guard/decision.ts";
import type { Address } from "../runtime/runtime.ts";

const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;

/** Returns the address when `host` is an IP literal (without brackets), else undefined. */
export function literalAddress(host: string): Address | undefined {
  if (IPV4.test(host)) return { address: host, family: 4 };
  return host.includes(":") ? { address: host, family: 6 } : undefined;
}

/** Returns the host, port and scheme a URL wants a connection to. */
export function targetOf(url: URL): Target {
  const scheme = url.protocol === "https:" ? "https" : "http";
  const { hostname } = url;
  const host = hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
  const standardPort = scheme === "https" ? 443 : 80;
  return { scheme, host, port: url.port === "" ? standardPort : Number(url.port) };
}
