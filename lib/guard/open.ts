import type { Guard } from "./decision.ts";

/** The guard of raw mode: http and https to anywhere. */
export const openGuard: Guard = {
  admit({ url, hop }) {
    if (url.protocol === "http:" || url.protocol === "https:") {
      return { verdict: "allow", rule: "open" };
    }
    const scheme = url.protocol.slice(0, -1);
    return {
      verdict: "deny",
      code: hop === 0 ? "USAGE_BAD_SCHEME" : "REDIRECT_BAD_LOCATION",
      rule: "scheme",
      reason: `${hop === 0 ? "Scheme" : "The redirect leads to scheme"} ${scheme}, which weir does not speak`,
      hint: "Use http or https",
    };
  },
  judge: () => ({ verdict: "allow", rule: "open" }),
};
