import { readPolicy } from "../../../lib/agent/open.ts";
import type { ClientOptions } from "../../../lib/client.ts";
import type { Guard } from "../../../lib/guard/decision.ts";
import { createGuard } from "../../../lib/guard/deny-by-default.ts";
import type { Flags } from "../../flags.ts";
import type { Io } from "../../io.ts";
import { OTHER_AGENT_SECTIONS } from "../agent/source.ts";

/** The operator's policy as it holds for a run. */
export interface Policed {
  readonly guard: Guard;
  /** What connections must do so that a proxy cannot lead them elsewhere. */
  readonly dial: Pick<ClientOptions["dial"], "isTunnelled" | "isPinned">;
}

/**
 * Returns the guard that `[http_request]` of the configuration describes. What a rule would ask a
 * person about is refused: nobody is there to be asked.
 *
 * @throws {WeirError} CONFIG_*, with file, line and column
 */
export async function openPolice(flags: Flags, io: Io): Promise<Policed> {
  const { policy } = await readPolicy({
    runtime: io.runtime,
    configPath: flags.text("config"),
    otherSections: OTHER_AGENT_SECTIONS,
  });
  const guard = createGuard(policy, { ownAddresses: io.runtime.network.ownAddresses() });
  return {
    guard: {
      admit(request) {
        const decision = guard.admit(request);
        if (decision.verdict !== "ask") return decision;
        const { rule, reason } = decision;
        const hint = "Allow it in the policy, or run the pipeline without --guard";
        return { verdict: "deny", code: "POLICY_APPROVAL", rule, reason, hint };
      },
      judge: (target, addresses) => guard.judge(target, addresses),
    },
    dial: { isTunnelled: true, isPinned: !policy.isProxyTrusted },
  };
}
