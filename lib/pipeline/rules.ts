import { nextDelay } from "../exchange/backoff.ts";
import { isDict, ownValue, setKey } from "../template/values.ts";
import type { Move } from "./actions/action.ts";
import type { AttemptFacts } from "./kinds/kind.ts";
import type { Assignment, Policy, Rule } from "./model.ts";
import type { Outcome } from "./outcome.ts";
import { type Scope, within } from "./scope.ts";
import type { Source } from "./source.ts";
import { templateTypeError } from "./setting.ts";

/** What the rule sets, and its number from 1; without one it was no rule of the file. */
interface Decided {
  readonly rule: number | undefined;
  readonly assignments: readonly Assignment[];
}

/** What a policy decided about an outcome. */
export type Decision = Decided &
  (
    | Exclude<Move, { readonly kind: "retry" }>
    | { readonly kind: "retry"; readonly waitMs: number; readonly reason: string }
  );

/** What retry rules are judged by. */
export interface RetryTerms {
  readonly facts: AttemptFacts;
  /** False: the attempts are over, whatever a rule says. */
  readonly isOpen: boolean;
  /** Returns a number from 0 to below 1, for jitter. */
  readonly random: () => number;
  /** Told why a rule does not match though its condition holds. */
  readonly onUnsafe: (rule: number | undefined, reason: string) => void;
}

const NO_ASSIGNMENTS: readonly Assignment[] = [];

/** Returns what templates of a policy see: the outcome, and all that its task sees. */
export function judgingScope(scope: Scope, outcome: Outcome): Scope {
  return within(scope, { outcome, output: outcome });
}

/**
 * Returns what the first rule that matches decides; without one, success goes on and an error fails.
 *
 * A retry rule whose attempts are used up, or whose request must not be sent again, does not match.
 * Nothing is set yet: see `assign`.
 *
 * @param scope one made by `judgingScope`
 * @throws {WeirError} TEMPLATE_* when a condition or a value of an action cannot be had
 */
export function decide(
  policy: Policy,
  scope: Scope,
  outcome: Outcome,
  terms: RetryTerms,
): Decision {
  let number = 0;
  for (const rule of policy.rules) {
    if (!rule.isShorthand) number += 1;
    if (rule.when?.test(scope) === false) continue;
    const decision = apply(rule, rule.isShorthand ? undefined : number, {
      scope,
      outcome,
      terms,
    });
    if (decision !== undefined) return decision;
  }
  return unmatched(policy, outcome);
}

function apply(
  rule: Rule,
  number: number | undefined,
  given: { readonly scope: Scope; readonly outcome: Outcome; readonly terms: RetryTerms },
): Decision | undefined {
  const move = rule.move(given.scope);
  const decided = { rule: number, assignments: rule.assignments };
  if (move.kind !== "retry") return { ...move, ...decided };
  const { outcome, terms } = given;
  const next = nextDelay(move.policy, {
    attempt: terms.facts.attempt,
    elapsedMs: terms.facts.elapsedMs,
    retryAfterMs: retryAfterMs(outcome),
    random: move.policy.jitter === "none" ? 0 : terms.random(),
  });
  if ("refused" in next) {
    // An earlier attempt would be in vain, and a later rule might hide why there is none.
    if (next.refused !== "retry_after") return undefined;
    return { kind: "fail", message: `${failureText(outcome)}: ${next.message}`, ...decided };
  }
  if (!terms.isOpen) return undefined;
  const resend = terms.facts.maySendAgain(!rule.isShorthand, move.isUnsafe);
  if (!resend.allowed) {
    terms.onUnsafe(number, resend.reason);
    return undefined;
  }
  const reason = outcome.error?.code ?? `rule ${number ?? ""}`;
  return { kind: "retry", waitMs: next.waitMs, reason, ...decided };
}

function unmatched({ rules, onUnmatched }: Policy, outcome: Outcome): Decision {
  const decided = { rule: undefined, assignments: NO_ASSIGNMENTS };
  if (rules.length > 0 && onUnmatched === "continue") return { kind: "continue", ...decided };
  if (outcome.status === "error") return { kind: "fail", message: undefined, ...decided };
  if (rules.length > 0 && onUnmatched === "fail") {
    return { kind: "fail", message: "No rule of its policy matched", ...decided };
  }
  return { kind: "continue", ...decided };
}

function retryAfterMs({ error }: Outcome): number | undefined {
  const seconds = error?.retry_after;
  return seconds === null || seconds === undefined ? undefined : seconds * 1000;
}

function failureText({ error, http }: Outcome): string {
  return error?.message ?? `Status ${http.status ?? "ok"}`;
}

/** Variables that rules may set. */
export interface Variables {
  readonly iter: Readonly<Record<string, unknown>>;
  readonly ctx: Readonly<Record<string, unknown>>;
}

/**
 * Returns the variables with what a rule sets: new maps where something changed, the rest shared.
 *
 * All values are taken before the first is set.
 *
 * @param scope one made by `judgingScope`
 * @throws {WeirError} TEMPLATE_*
 */
export function assign(
  variables: Variables,
  assignments: readonly Assignment[],
  scope: Scope,
  source: Source,
): Variables {
  const values = assignments.map((assignment) => assignment.value.evaluate(scope));
  let { iter, ctx } = variables;
  for (const [at, assignment] of assignments.entries()) {
    const change = { assignment, value: values[at], source };
    if (assignment.target === "iter") iter = withValue(iter, change, 0);
    else ctx = withValue(ctx, change, 0);
  }
  return { iter, ctx };
}

interface Change {
  readonly assignment: Assignment;
  readonly value: unknown;
  readonly source: Source;
}

/** Items of a loop and defaults of the workload may be shared, so maps on the way are copied. */
function withValue(
  map: Readonly<Record<string, unknown>>,
  change: Change,
  depth: number,
): Record<string, unknown> {
  const { names } = change.assignment;
  const name = names[depth] ?? "";
  const copy: Record<string, unknown> = { ...map };
  const isLast = depth + 1 >= names.length;
  setKey(
    copy,
    name,
    isLast ? change.value : withValue(innerMap(map, change, depth), change, depth + 1),
  );
  return copy;
}

function innerMap(
  map: Readonly<Record<string, unknown>>,
  { assignment, source }: Change,
  depth: number,
): Readonly<Record<string, unknown>> {
  const { target, names, value } = assignment;
  const inner = ownValue(map, names[depth] ?? "");
  if (inner === undefined || inner === null) return {};
  if (isDict(inner) && !(inner instanceof Map)) {
    // A dictionary that is no Map is a plain object.
    return inner as Readonly<Record<string, unknown>>;
  }
  const path = [target, ...names.slice(0, depth + 1)].join(".");
  throw templateTypeError(source, value.path, {
    message: `"${path}" is no map, so nothing can be set in it`,
    hint: `Set "${path}" itself, or choose another name`,
    part: "key",
  });
}
