import type { HopRequest } from "./decision.ts";
import { deny, type Denial } from "./deny.ts";
import { hasBody } from "./headers.ts";

/**
 * Returns the denial of a hop that no redirect may lead to, whatever the allowlist says: too far,
 * from https to http, or with its body to another origin.
 */
export function judgeRedirect(
  { from, url, hop, body }: Pick<HopRequest, "from" | "url" | "hop" | "body">,
  maxRedirects: number,
): Denial | undefined {
  if (hop > maxRedirects) {
    return deny("POLICY_REDIRECT", "redirect:limit", {
      reason: `More than ${maxRedirects} redirects were asked for`,
    });
  }
  if (from === undefined) return undefined;
  if (from.protocol === "https:" && url.protocol !== "https:") {
    return deny("POLICY_REDIRECT", "redirect:downgrade", {
      reason: "A redirect leads from https to an unencrypted URL",
    });
  }
  if (hasBody(body) && from.origin !== url.origin) {
    return deny("POLICY_REDIRECT", "redirect:body", {
      reason: "A redirect asks for the body to be sent to another origin",
    });
  }
  return undefined;
}

/** Returns the denial of a redirect's target as one of the redirect. */
export function asRedirectDenial(
  denial: Denial,
  { hop, url }: Pick<HopRequest, "hop" | "url">,
): Denial {
  if (hop === 0 || denial.code === "POLICY_REDIRECT") return denial;
  const reason = `Redirect ${hop} leads to ${url.host || `a ${url.protocol} URL`}: ${denial.reason}`;
  return deny("POLICY_REDIRECT", denial.rule, { reason });
}
