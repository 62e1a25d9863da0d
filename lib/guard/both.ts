import type { Decision, Guard } from "./decision.ts";

/** Returns a guard that allows what both allow; what one refuses the other one is not asked about. */
export function bothGuards(first: Guard, second: Guard): Guard {
  return {
    admit: (request) => stricter(first.admit(request), () => second.admit(request)),
    judge: (target, addresses) =>
      stricter(first.judge(target, addresses), () => second.judge(target, addresses)),
  };
}

function stricter(decision: Decision, next: () => Decision): Decision {
  if (decision.verdict === "deny") return decision;
  const other = next();
  return other.verdict === "allow" ? decision : other;
}
