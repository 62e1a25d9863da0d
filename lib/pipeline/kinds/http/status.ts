import type { ResponseHead } from "../../../http/exchange.ts";
import type { ErrorKind } from "../../outcome.ts";

const BY_STATUS = new Map<number, ErrorKind>([
  [401, "auth"],
  [403, "auth"],
  [404, "not_found"],
  [410, "not_found"],
  [429, "rate_limit"],
]);

/** Returns the kind of a status that is an error. */
export function kindOfStatus(status: number): ErrorKind {
  const kind = BY_STATUS.get(status);
  if (kind !== undefined) return kind;
  if (status >= 500) return "server_error";
  return status >= 400 ? "client_error" : "unknown";
}

/** Request Timeout and Too Early ask for the same request again, RFC 9110 and RFC 8470. */
const RETRYABLE_STATUSES = new Set([408, 425, 429]);

/** Says whether the same request may get another answer. */
export function isRetryableStatus(status: number): boolean {
  return status >= 500 || RETRYABLE_STATUSES.has(status);
}

/** Says whether a status is one of success. */
export function isSuccess({ status }: ResponseHead): boolean {
  return status >= 200 && status <= 299;
}
