import type { Guard } from "./decision.ts";

/** The guard of raw mode: http and https to anywhere. */
export const openGuard: Guard = {
  admit({ url }) {
    if (url.protocol === "http:" || url.protocol === "https:") {
      return { verdict: "allow", rule: "open" };
    }
    const scheme = url.protocol.slice(0, -1);
    return {
      verdict: "deny",
      code: "USAGE_BAD_SCHEME",
      rule: "scheme",
      reason: `Scheme ${scheme} is not supported`,
      hint: "weir speaks http and https",
    };
  },
  judge: () => ({ verdict: "allow", rule: "open" }),
};
