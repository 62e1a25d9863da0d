import type { ZodType } from "zod";
import { z } from "zod";
import { anything, either, fixedFlag, list, map, table, template, word } from "./shapes.ts";

const USE_WHEN = "Write when: it is the only word for a condition";

/** Words of older forms of the format that stood for a condition. */
export const OLD_CONDITIONS = {
  eval: USE_WHEN,
  expr: USE_WHEN,
  case: "Write rules with when, or arcs with when",
} as const;

/** A condition: one expression, with or without braces. */
export function condition(): ZodType<string | boolean> {
  const words = {
    expected: "an expression, with or without {{ }} around it",
    example: "\"{{ outcome.status == 'error' }}\"",
  };
  return either<string | boolean>(words, (says) => [
    z.string(says).min(1, says),
    z.boolean(says),
  ]).meta({
    description: "One expression; it holds by the truth of Jinja",
  });
}

/** Keys of a rule. */
function ruleKeys(then: ZodType, otherwise: ZodType) {
  return {
    when: condition().optional(),
    then: then.optional(),
    else: otherwise.optional(),
  };
}

/** A rule of a policy. */
export function rule(then: ZodType, otherwise: ZodType) {
  return table(ruleKeys(then, otherwise), {
    expected: "a rule: a map with when and then, or else",
    example: '{ when: "{{ … }}", then: { do: fail } }',
    refused: {
      ...OLD_CONDITIONS,
      do: "Put the action under then: { do: … }",
      if: USE_WHEN,
    },
  });
}

/** Keys of an action that every action has. */
export function sharedActionKeys() {
  const described = (description: string) =>
    map(anything(), "{ iter.page: … }").optional().meta({ description });
  return {
    set: described("Variables to set: iter.NAME, ctx.NAME, or NAME for ctx"),
    set_iter: described("Variables of the iteration to set"),
    set_ctx: described("Variables of the run to set"),
  };
}

/** The policy of a task, or what tasks take from the levels above them. */
export function policyKeys(rules: ZodType) {
  return {
    rules: list(rules, "[ … ]", "a list of rules").optional().meta({
      description: "What happens after the task; the first rule that matches decides",
    }),
    on_unmatched: word(["continue", "fail"]).optional().meta({
      description: "What happens when no rule matches; not given: ok goes on, an error fails",
    }),
  };
}

/** The policy of a task. */
export function policy(rules: ZodType) {
  return table(policyKeys(rules), {
    expected: "a map with rules",
    example: "{ rules: [ … ] }",
    refused: { admit: "Put admit under the policy of the step's spec" },
  });
}

/** The rules that say whether a step may run. */
export function admit() {
  const verdict = table(
    { allow: fixedFlag("false") },
    { expected: "a map with allow", example: "{ allow: false }" },
  );
  const words = { expected: "a map with allow", example: "{ allow: false }" };
  const otherwise = either<unknown>(words, () => [verdict, table({ then: verdict })]);
  const rules = rule(verdict, otherwise);
  return table(
    { rules: list(rules, "[ … ]", "a list of rules") },
    { expected: "a map with rules", example: "{ rules: [ … ] }" },
  );
}

const CAUSE =
  /^(?:[1-5]\d\d|[1-5][xX][xX]|connection|dns|tls|timeout|rate_limit|auth|not_found|client_error|server_error|decode|schema|template|policy_denied|too_large|unknown)$/;

/** What `on:` of `spec.retry` takes. */
function retryCauses() {
  const words = {
    expected: "a status such as 429, a class such as 5xx, or a kind of error such as connection",
    example: "[429, 5xx, connection]",
  };
  const cause = either<string | number>(words, (says) => [
    z.int(says).min(100, says).max(599, says),
    z.string(says).regex(CAUSE, says),
  ]);
  return either<unknown>(words, (says) => [cause, z.array(cause, says).min(1, says)]);
}

/** `spec.retry`: a number of tries, a map, or false. */
export function retry(keys: Readonly<Record<string, ZodType>>) {
  const full = table(
    {
      ...keys,
      on: retryCauses().optional().meta({
        description: "What is tried again; not given: what outcome.error.retryable says",
      }),
    },
    { refused: { max_attempts: "Write attempts: it counts all tries", ...OLD_CONDITIONS } },
  );
  const words = {
    expected: "a number of tries from 1 to 1000, or a map with attempts, backoff and delay",
    example: "5",
  };
  return either<unknown>(words, (says) => [
    z.int(says).min(1, says).max(1000, says),
    z.literal(false, says),
    template(says),
    full,
  ]);
}
