import { codeOf, type ErrorCode, messageOf, WeirError } from "../base/errors.ts";
import type { HostPort } from "./wire.ts";

/** Part of a request's way that an error names. */
export type Phase = "dns" | "connect" | "proxy" | "tls" | "send" | "response" | "body";

/** What an error of the wire carries beside its message. */
interface Facts {
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

/** Returns `host:port`, with brackets around an IPv6 literal. */
export function placeText({ host, port }: HostPort): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Returns an error of the wire; its details name phase, host, port and the system's reason. */
export function wireError(
  code: ErrorCode,
  message: string,
  place: HostPort & { readonly phase: Phase },
  facts: Facts = {},
): WeirError {
  const { phase, host, port } = place;
  const reason = codeOf(facts.cause);
  return new WeirError(code, message, {
    hint: facts.hint,
    cause: facts.cause,
    details: { phase, host, port, ...(reason === "" ? {} : { reason }), ...facts.details },
  });
}

/** Codes of libc and c-ares that say that the name may be there all the same. */
const NO_ANSWER = new Set(["EAI_AGAIN", "ETIMEOUT", "ESERVFAIL", "EREFUSED", "ECONNREFUSED"]);

/** Returns the error for a name that did not resolve. */
export function dnsError(cause: unknown, target: HostPort): WeirError {
  const place = { ...target, phase: "dns" } as const;
  const code = codeOf(cause);
  if (NO_ANSWER.has(code)) {
    return wireError("NET_DNS", `No DNS server answered for ${target.host}`, place, {
      hint: "Check the network and the DNS settings, or give the address with --resolve",
      cause,
    });
  }
  return wireError("NET_DNS", `Host ${target.host} did not resolve`, place, {
    hint: "Check the spelling of the host, or give its address with --resolve",
    cause,
  });
}

/** Codes of connect(2) that say that no way leads there. */
const UNREACHABLE = new Set([
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENETDOWN",
  "EHOSTDOWN",
  "EAFNOSUPPORT",
  "EADDRNOTAVAIL",
]);

/** Says whether a failure to connect is for want of a route, and so the least telling one. */
export function isUnreachable(cause: unknown): boolean {
  return UNREACHABLE.has(codeOf(cause));
}

/** Returns the error for a connection that could not be made. */
export function connectError(
  cause: unknown,
  target: HostPort,
  details: Readonly<Record<string, unknown>> = {},
): WeirError {
  const place = { ...target, phase: "connect" } as const;
  const where = placeText(target);
  const code = codeOf(cause);
  if (code === "ECONNREFUSED") {
    return wireError("NET_REFUSED", `${where} refused the connection`, place, {
      hint: "Check the port, and that the server is running",
      cause,
      details,
    });
  }
  if (code === "ETIMEDOUT") {
    return wireError("TIMEOUT_CONNECT", `${where} did not answer the connection`, place, {
      hint: "Check the host and the port, and that no firewall drops the packets",
      cause,
      details,
    });
  }
  if (isUnreachable(cause)) {
    return wireError("NET_UNREACHABLE", `No route leads to ${where}`, place, {
      hint: "Check the network; -4 or -6 uses only addresses of one family",
      cause,
      details,
    });
  }
  const reason = code === "" ? messageOf(cause) : code;
  return wireError("NET_CONNECT", `Cannot connect to ${where}: ${reason}`, place, {
    hint: "Check the host, the port and the local address",
    cause,
    details,
  });
}

/** Returns the error for a Unix domain socket that could not be connected to. */
export function unixError(cause: unknown, target: HostPort, path: string): WeirError {
  const code = codeOf(cause);
  const isAbsent = code === "ECONNREFUSED" || code === "ENOENT";
  const what = isAbsent ? `Nothing listens at ${path}` : `Cannot connect to ${path}: ${code}`;
  return wireError(
    isAbsent ? "NET_REFUSED" : "NET_CONNECT",
    what,
    { ...target, phase: "connect" },
    {
      hint: "Check the path of --unix-socket, and that the server is running",
      cause,
      details: { path },
    },
  );
}
