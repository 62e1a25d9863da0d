import { expect, test } from "bun:test";
import { failure } from "../../../lib/agent/envelope.ts";
import { type ErrorCode, ERRORS, WeirError } from "../../../lib/base/errors.ts";

const hintOf = (code: ErrorCode): string | undefined => {
  const envelope = failure(1, new WeirError(code, "It failed", { hint: "Use --verify no" }));
  return envelope.success ? "" : envelope.hint;
};

// ERRORS has no other keys.
const FOR_PEOPLE = (Object.keys(ERRORS) as ErrorCode[]).filter(
  (code) => ERRORS[code].audience === "user",
);

test("failure() names no flag of the command line to a model", () => {
  expect(FOR_PEOPLE.filter((code) => hintOf(code)?.includes("--") === true)).toEqual([]);
});

test.each([
  { code: "TLS_CERTIFICATE", says: "final" },
  { code: "TIMEOUT_TOTAL", says: "timeout_secs" },
  { code: "BODY_ENCODING", says: "identity" },
  { code: "HOOK_FAILED", says: "Tell the operator" },
  { code: "HOOK_CANCELLED", says: "do not try it again" },
] as const)("failure() tells a model what to do about $code", ({ code, says }) => {
  expect(hintOf(code)).toContain(says);
});

test("failure() keeps hints that are meant for a model or the operator", () => {
  expect(hintOf("POLICY_DENIED")).toBe("Use --verify no");
  expect(hintOf("AUDIT_WRITE")).toBe("Use --verify no");
});
