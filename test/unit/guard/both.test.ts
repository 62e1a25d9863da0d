import { expect, test } from "bun:test";
import { bothGuards } from "../../../lib/guard/both.ts";
import type { Decision, Guard } from "../../../lib/guard/decision.ts";
import { NO_BODY } from "../../../lib/http/body.ts";

const ALLOW: Decision = { verdict: "allow", rule: "a" };
const ASK: Decision = { verdict: "ask", rule: "b", reason: "ask" };
const DENY: Decision = { verdict: "deny", rule: "c", code: "POLICY_DENIED", reason: "no" };

const always = (decision: Decision): Guard => ({ admit: () => decision, judge: () => decision });

test.each([
  { name: "allows what both allow", first: ALLOW, second: ALLOW, want: ALLOW },
  { name: "denies what the first denies", first: DENY, second: ALLOW, want: DENY },
  { name: "denies what the second denies", first: ALLOW, second: DENY, want: DENY },
  { name: "does not ask about what is denied", first: ASK, second: DENY, want: DENY },
  { name: "asks what the first asks", first: ASK, second: ALLOW, want: ASK },
  { name: "asks what the second asks", first: ALLOW, second: ASK, want: ASK },
])("bothGuards() $name", ({ first, second, want }) => {
  const guard = bothGuards(always(first), always(second));
  const url = new URL("https://a.test/");
  expect(guard.admit({ method: "GET", url, headers: [], body: NO_BODY, hop: 0 })).toEqual(want);
  expect(guard.judge({ scheme: "https", host: "a.test", port: 443 }, [])).toEqual(want);
});
