import { type ErrorCode, ERRORS, type WeirError } from "../../base/errors.ts";
import { sanitizeLine } from "../../base/sanitize.ts";
import type { ErrorKind, OutcomeError } from "../outcome.ts";
import type { RunPorts } from "../ports.ts";

/** Kinds of codes that do not share theirs with all codes of their first word. */
const BY_CODE = new Map<string, ErrorKind>([
  ["NET_DNS", "dns"],
  ["NET_HEADERS_TOO_LARGE", "too_large"],
  ["POLICY_RESOLVE", "dns"],
  ["BODY_TOO_LARGE", "too_large"],
  ["DATA_BAD_JSON", "decode"],
  ["DATA_NOT_UTF8", "decode"],
  ["SECRET_UNBOUND", "policy_denied"],
  ["AUDIT_WRITE", "policy_denied"],
  ["HOOK_CANCELLED", "policy_denied"],
  ["PAGE_REFUSED", "policy_denied"],
  ["PIPELINE_UNTRUSTED", "policy_denied"],
  ["EXPECT_FAILED", "schema"],
  ["CANCELLED", "cancelled"],
]);

/** Kinds by the first word of a code. */
const BY_WORD = new Map<string, ErrorKind>([
  ["NET", "connection"],
  ["TLS", "tls"],
  ["TIMEOUT", "timeout"],
  ["BODY", "decode"],
  ["POLICY", "policy_denied"],
  ["SECRET", "auth"],
  ["AUTH", "auth"],
  // A request that its templates made unusable.
  ["USAGE", "template"],
  ["PAGE", "schema"],
  ["SELECT", "schema"],
]);

/** Returns the kind of a failure without a response that could be used. */
function kindOfCode(code: ErrorCode): ErrorKind {
  const [word = ""] = code.split("_", 1);
  return BY_CODE.get(code) ?? BY_WORD.get(word) ?? "unknown";
}

/**
 * Says whether an error is thrown on in place of an outcome: a bug, the end of the run, and a template,
 * whose error knows its place in the file.
 */
export function isThrownOn({ code }: WeirError): boolean {
  return code === "INTERNAL" || code === "CANCELLED" || code.startsWith("TEMPLATE_");
}

/** Where the hint of raw mode names a flag, and a pipeline has a key. */
const HINTS = new Map<ErrorCode, string>([
  ["TIMEOUT_CONNECT", "Check the host and the port, or raise spec.timeout.connect"],
  ["TIMEOUT_READ", "Raise spec.timeout.read, or send again with spec.retry"],
  ["TIMEOUT_TOTAL", "Raise spec.timeout, or send again with spec.retry"],
  ["REDIRECT_LIMIT", "Raise spec.max_redirects, or see the first one with follow_redirects: false"],
  ["REDIRECT_BAD_LOCATION", "See the response with spec.follow_redirects: false"],
]);

/** Returns what to do about an error of a task, undefined when nobody knows. */
function hintOf({ code, hint }: WeirError): string | undefined {
  return HINTS.get(code) ?? hint;
}

/** Returns what templates and reports are told about an error; never a secret. */
export function errorOf(error: WeirError, { redact }: Pick<RunPorts, "redact">): OutcomeError {
  const kind = kindOfCode(error.code);
  const hint = hintOf(error);
  return {
    kind,
    code: error.code,
    message: redact(sanitizeLine(error.message)),
    // A retry of what its templates made wrong is the same again.
    retryable: ERRORS[error.code].retryable && kind !== "template",
    retry_after: null,
    ...(hint === undefined ? {} : { hint: redact(hint) }),
  };
}
