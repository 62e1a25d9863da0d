import { toWeirError, WeirError, withDetails } from "../base/errors.ts";
import type { Decision, HopRequest } from "../guard/decision.ts";
import type { Draft } from "../http/draft.ts";
import type { Hop, SentRequest } from "../http/exchange.ts";
import { headerValue } from "../http/headers.ts";
import type { Ports } from "./ports.ts";

type Denial = Extract<Decision, { verdict: "deny" }>;

/**
 * Returns what guard and credentials are asked: the caller's own lines, and where a redirect comes from.
 *
 * @param request the same as it is going to be sent, with its defaults
 * @param hops those that were answered before
 */
export function question(draft: Draft, request: SentRequest, hops: readonly Hop[]): HopRequest {
  const { method, url, headers, body } = draft;
  const contentType = headerValue(request.headers, "content-type");
  const before = hops.at(-1);
  const asked = { method, url, headers, body, contentType, hop: hops.length };
  if (before === undefined) return asked;
  const written = headerValue(before.response.headers, "location");
  const from = before.request.url;
  const first = hops[0]?.request.url;
  return { ...asked, from, first, written };
}

/**
 * Returns when the hop may be sent: allowed by the guard, within the quota, approved and recorded.
 *
 * A refusal is recorded before it is thrown.
 *
 * @throws {WeirError} the code of the refusal: POLICY_*, USAGE_BAD_SCHEME, AUDIT_WRITE
 */
export async function admit(request: HopRequest, ports: Ports): Promise<void> {
  const decision = ports.guard.admit(request);
  const refusal =
    decision.verdict === "deny" ? decision : await questions(request, decision, ports);
  const written = ports.record.intent(request, refusal ?? decision);
  if (written !== undefined) await written;
  if (refusal === undefined) return;
  // This hop was not sent, but the one that led to it was.
  throw withDetails(denied(refusal), { arrival: request.hop === 0 ? "never" : "unknown" });
}

/** Asks for what a rule leaves open; returns the refusal, if any. */
async function questions(
  request: HopRequest,
  decision: Decision,
  ports: Ports,
): Promise<Denial | undefined> {
  try {
    const turn = ports.quota(request);
    if (turn !== undefined) await turn;
    if (decision.verdict === "ask") await ports.approve(request, decision);
    return undefined;
  } catch (error) {
    const { code, message, hint, details } = toWeirError(error);
    const rule = typeof details["rule"] === "string" ? details["rule"] : decision.rule;
    return { verdict: "deny", code, rule, reason: message, hint };
  }
}

/** Returns the error for a denial. */
export function denied(decision: Denial): WeirError {
  return new WeirError(decision.code, decision.reason, {
    hint: decision.hint,
    details: { rule: decision.rule },
  });
}
