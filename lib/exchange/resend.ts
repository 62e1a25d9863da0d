import { WeirError } from "../base/errors.ts";
import type { Exchange } from "../http/exchange.ts";
import { readRetryAfter } from "../http/retry-after.ts";
import type { Arrival } from "../transport/wire.ts";

/** Methods that may be repeated without changing what they do, RFC 9110 section 9.2.2. */
const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);

/** Statuses that, with Retry-After, say that the request was not taken: RFC 6585, RFC 9110. */
const NOT_TAKEN = new Set([429, 503]);

/**
 * Returns what is known of the request of a failed attempt, all its hops taken together.
 *
 * "never" is what was proved on the way: the room that knows it says so in the details of the error.
 * Where nobody does it is "unknown".
 */
export function arrivalOf(result: Exchange | WeirError): Arrival {
  if (!(result instanceof WeirError)) return "answered";
  const { arrival, phase } = result.details;
  if (arrival === "never" || arrival === "answered") return arrival;
  return phase === "body" ? "answered" : "unknown";
}

/** What decides, beside the result, whether a request may be sent again. */
export interface ResendTerms {
  readonly method: string;
  /** True: the server takes two requests with the same key for one. */
  readonly hasIdempotencyKey: boolean;
  /** True: somebody asked for the retry knowing that a response came, as a rule of a pipeline does. */
  readonly isExplicit: boolean;
  /** True: the user takes the risk that it is done twice. */
  readonly isUnsafeAllowed: boolean;
}

/** Whether a request may be sent again; the reason follows the name of the request. */
export type Resend =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly reason: string };

const ALLOWED = { allowed: true } as const;

/** Returns whether the request of an attempt may be sent again without doing twice what it does. */
export function maySendAgain(terms: ResendTerms, result: Exchange | WeirError): Resend {
  const { method, hasIdempotencyKey, isExplicit, isUnsafeAllowed } = terms;
  if (IDEMPOTENT.has(method) || hasIdempotencyKey || isUnsafeAllowed) return ALLOWED;
  const arrival = arrivalOf(result);
  if (arrival === "never") return ALLOWED;
  if (arrival === "unknown") {
    return { allowed: false, reason: `it may have arrived, and ${method} may do its work twice` };
  }
  if (isExplicit || isNotTaken(result)) return ALLOWED;
  return { allowed: false, reason: `it was answered, and ${method} may do its work twice` };
}

function isNotTaken(result: Exchange | WeirError): boolean {
  if (result instanceof WeirError) return false;
  const { status, headers } = result.response;
  // Whether the line can be read does not depend on the time.
  return NOT_TAKEN.has(status) && readRetryAfter(headers, 0) !== undefined;
}
