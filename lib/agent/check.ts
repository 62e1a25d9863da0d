import { createGuard, judgeCall } from "../guard/deny-by-default.ts";
import type { Decision } from "../guard/decision.ts";
import type { CompiledPolicy } from "../guard/policy.ts";
import { NO_BODY, textBody } from "../http/body.ts";
import type { HeaderList } from "../http/headers.ts";
import type { Address } from "../runtime/runtime.ts";

/** A request that is asked about and not sent. */
export interface CheckedRequest {
  /** As written. */
  readonly url: string;
  readonly method: string;
  readonly headers: HeaderList;
  readonly body?: string | undefined;
}

/** How names are resolved for the question; undefined: not at all. */
export type CheckResolver = (host: string, port: number) => Promise<readonly Address[]> | undefined;

/** Why a request would be allowed or denied. */
export interface CheckAnswer {
  readonly allow: boolean;
  /** Code of the denial. */
  readonly code: string | null;
  readonly rule: string;
  readonly reason: string | null;
  readonly hint: string | null;
  /** True: somebody has to approve it first. */
  readonly ask: boolean;
}

/**
 * Returns what the policy says of a request; with a resolver, of the addresses of its host too.
 *
 * @param tool the tool that would send it
 */
export async function checkRequest(
  policy: CompiledPolicy,
  request: CheckedRequest,
  facts: { readonly ownAddresses: readonly string[]; readonly tool: string },
  resolve: CheckResolver,
): Promise<CheckAnswer> {
  const { url: urlText, method, headers } = request;
  const body = request.body === undefined ? NO_BODY : textBody(request.body);
  const { decision, url } = judgeCall(policy, facts, { urlText, method, headers, body });
  if (decision.verdict === "deny" || url === undefined) return toAnswer(decision);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const scheme = url.protocol === "https:" ? "https" : "http";
  const port = Number(url.port || (scheme === "https" ? 443 : 80));
  const addresses = await resolve(host, port);
  if (addresses === undefined) return toAnswer(decision);
  const judged = createGuard(policy, facts).judge({ scheme, host, port }, addresses);
  return toAnswer(judged.verdict === "deny" ? judged : decision);
}

function toAnswer(decision: Decision): CheckAnswer {
  const { rule } = decision;
  if (decision.verdict === "allow") {
    return { allow: true, code: null, rule, reason: null, hint: null, ask: false };
  }
  const isAsked = decision.verdict === "ask";
  return {
    allow: false,
    code: isAsked ? "POLICY_APPROVAL" : decision.code,
    rule,
    reason: decision.reason,
    hint: isAsked ? null : (decision.hint ?? null),
    ask: isAsked,
  };
}
