import type { Guard } from "./decision.ts";

/** Returns a guard that allows requests to the origin and path of `url`, and no redirect. */
export function exactGuard({ origin, pathname }: URL): Guard {
  return {
    admit({ url, hop }) {
      if (hop === 0 && url.origin === origin && url.pathname === pathname) {
        return { verdict: "allow", rule: "exact" };
      }
      return {
        verdict: "deny",
        code: "POLICY_DENIED",
        rule: "exact",
        reason: `Only ${origin}${pathname} may be asked for, and not ${url.origin}`,
      };
    },
    judge: () => ({ verdict: "allow", rule: "exact" }),
  };
}
