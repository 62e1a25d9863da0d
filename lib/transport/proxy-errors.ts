import { codeOf, messageOf, WeirError } from "../base/errors.ts";
import { placeText, wireError } from "./errors.ts";
import type { HostPort } from "./wire.ts";

/** The two ends of a connection through a proxy. */
export interface ProxyPlace {
  readonly proxy: HostPort;
  readonly target: HostPort;
}

/** Returns an error of a proxy: `what` follows its name. */
export function proxyError(
  { proxy, target }: ProxyPlace,
  what: string,
  facts: {
    readonly hint?: string;
    readonly cause?: unknown;
    readonly details?: Readonly<Record<string, unknown>>;
  } = {},
): WeirError {
  const where = placeText(proxy);
  return wireError(
    "NET_PROXY",
    `Proxy ${where} ${what}`,
    { ...target, phase: "proxy" },
    {
      hint: "Check the proxy, or go without one with --no-proxy",
      ...facts,
      details: { proxy: where, ...facts.details },
    },
  );
}

/** Returns the error for a proxy that could not be reached. */
export function unreachableProxy(place: ProxyPlace, cause: unknown): WeirError {
  if (cause instanceof WeirError && !cause.code.startsWith("NET_")) return cause;
  const reason = cause instanceof WeirError ? cause.message : codeOf(cause) || messageOf(cause);
  return proxyError(place, `cannot be reached: ${reason}`, { cause });
}

const CREDENTIALS = "Give user and password in the proxy's URL: http://USER:PASSWORD@HOST:PORT";

/** What the answers to CONNECT mean for whoever configured the proxy. */
const HINTS: Readonly<Record<number, string>> = {
  401: CREDENTIALS,
  403: "The proxy does not allow this host or port",
  405: "The proxy opens no tunnels",
  407: CREDENTIALS,
  502: "The proxy could not reach the host",
  503: "The proxy could not reach the host",
  504: "The proxy could not reach the host in time",
};

/** Returns the error for a proxy that answered CONNECT with a failure. */
export function refusedTunnel(place: ProxyPlace, status: number): WeirError {
  return proxyError(place, `answered ${status} to CONNECT ${placeText(place.target)}`, {
    hint: HINTS[status] ?? "Check the proxy, or go without one with --no-proxy",
    details: { status },
  });
}
