import type { ErrorCode } from "../base/errors.ts";
import type { Decision } from "./decision.ts";

/** A decision that refuses. */
export type Denial = Extract<Decision, { readonly verdict: "deny" }>;

/** Tells a model to stop: without it, models look for another way to the same place. */
const FINAL =
  "This is final: do not try it again in another form; ask the operator if the request is needed";

/** The same for what can be put right. */
const FINAL_AS_IT_STANDS = "; as it stands, the refusal is final";

/** What a denial says. */
export interface DenialText {
  /** What was refused and why; never a list of what is allowed. */
  readonly reason: string;
  /** What to do instead, when the caller can put it right. */
  readonly hint?: string | undefined;
}

/** Returns the denial of `rule`. Its hint says that it is final. */
export function deny(code: ErrorCode, rule: string, { reason, hint }: DenialText): Denial {
  const whole = hint === undefined ? FINAL : hint + FINAL_AS_IT_STANDS;
  return { verdict: "deny", code, rule, reason, hint: whole };
}
