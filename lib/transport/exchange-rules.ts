import type { Clock } from "../base/clock.ts";
import { type HeaderList, headerValue, isSameName } from "../http/headers.ts";
import type { Loan } from "./pool.ts";
import type { Watch } from "./watch.ts";
import type { WireRequest } from "./wire.ts";

// What holds for an exchange on a connection whichever engine runs it.

/** What one exchange on a connection needs. */
export interface ExchangeParts {
  readonly request: WireRequest;
  readonly watch: Watch;
  readonly loan: Loan;
  readonly clock: Clock;
  readonly startedMs: number;
}

/** Bytes of status line and headers when the request gives no cap. */
export const HEADER_CAP_BYTES = 256 * 1024;

/** Header lines of one response. */
export const HEADER_LIMIT = 2000;

/** Informational responses before the final one; one or two are usual. */
export const INTERIM_LIMIT = 32;

/** How long the go-ahead of a server is waited for, RFC 9110 section 10.1.1. */
export const CONTINUE_MS = 1000;

/** Says whether the server is asked for its go-ahead before the body. */
export function isExpectingContinue({ headers, body }: WireRequest): boolean {
  if (body.kind === "none") return false;
  return headerValue(headers, "Expect")?.toLowerCase() === "100-continue";
}

/** Says whether the headers of both sides leave the connection open for another request. */
export function isKeptAfter({ request, loan }: ExchangeParts, response: HeaderList): boolean {
  if (hasOption(request.headers, "Connection", "close")) return false;
  if (loan.link.absoluteFor === undefined) return true;
  // tinyproxy 1.11 hands on a response that does not say close, and closes; nothing tells which
  // proxy does, so one has to say that it keeps the connection.
  const names = ["Connection", "Proxy-Connection"];
  return names.some((name) => hasOption(response, name, "keep-alive"));
}

/** Says whether one of the headers called `name` names `option`. */
function hasOption(headers: HeaderList, name: string, option: string): boolean {
  for (const entry of headers) {
    if (!isSameName(entry[0], name)) continue;
    const value = entry[1];
    // Most name one option.
    if (value === option) return true;
    if (value.split(",").some((one) => one.trim().toLowerCase() === option)) return true;
  }
  return false;
}
