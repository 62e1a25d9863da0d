import { WeirError } from "../base/errors.ts";
import type { Draft } from "../http/draft.ts";
import type { ResponseBody, ResponseHead } from "../http/exchange.ts";
import type { ExchangeOptions } from "./ports.ts";
import { nextDraft } from "./redirect.ts";

/** What a redirect is followed under. */
export interface FollowContext {
  readonly options: ExchangeOptions;
  /** Closed when the redirect cannot be followed. */
  readonly body: ResponseBody;
}

/**
 * Returns the draft of the next hop, undefined when this response is the last one.
 *
 * @param sentCount requests sent so far, from 1
 * @throws {WeirError} REDIRECT_LIMIT, REDIRECT_BAD_LOCATION, REDIRECT_BODY
 */
export function follow(
  draft: Draft,
  head: ResponseHead,
  sentCount: number,
  { options, body }: FollowContext,
): Draft | undefined {
  const { maxRequests, credentialHeaders } = options;
  if (maxRequests === undefined) return undefined;
  try {
    const next = nextDraft(draft, head, credentialHeaders);
    if (next === undefined || sentCount < maxRequests) return next;
    throw tooManyRedirects(draft.url, next.url, sentCount);
  } catch (error) {
    body.cancel();
    throw error;
  }
}

function tooManyRedirects(from: URL, to: URL, count: number): WeirError {
  const requests = count === 1 ? "1 request" : `${count} requests`;
  return new WeirError(
    "REDIRECT_LIMIT",
    `${from.host} still redirects, to ${to.host}, after ${requests}`,
    {
      hint: "Raise the limit with --max-redirects, or run without --follow to see the first response",
      details: { phase: "redirect", host: from.host, location: to.origin, count },
    },
  );
}
