import { type ErrorCode, ERRORS, type WeirError } from "../base/errors.ts";
import type { ErrorKind, Outcome, TaskResult } from "./outcome.ts";

/** Kind of an error by its code, or by how the code begins; the first row that fits counts. */
const KINDS: readonly (readonly [prefix: string, kind: ErrorKind])[] = [
  ["NET_DNS", "dns"],
  ["NET_PROTOCOL", "decode"],
  ["NET_HEADERS_TOO_LARGE", "too_large"],
  ["NET_", "connection"],
  ["TLS_", "tls"],
  ["TIMEOUT_", "timeout"],
  ["REDIRECT_", "client_error"],
  ["BODY_TOO_LARGE", "too_large"],
  ["BODY_", "decode"],
  ["DATA_", "decode"],
  ["EXPECT_", "schema"],
  ["TEMPLATE_", "template"],
  ["POLICY_", "policy_denied"],
  ["AUDIT_", "policy_denied"],
  ["HOOK_CANCELLED", "policy_denied"],
  ["SECRET_", "auth"],
  ["AUTH_", "auth"],
  ["CANCELLED", "cancelled"],
];

/** Returns the word of `outcome.error.kind` for a code. */
export function errorKindOf(code: ErrorCode): ErrorKind {
  return KINDS.find(([prefix]) => code.startsWith(prefix))?.[1] ?? "unknown";
}

/** What is known about a task beside its data. */
export type TaskMeta = Pick<Outcome["meta"], "attempt" | "duration_ms">;

const NOTHING_SENT = { status: null, headers: {} } as const;

/** Returns the outcome of a task that is no request and gave `data`. */
export function dataOutcome(
  data: unknown,
  meta: TaskMeta,
  fields: Readonly<Record<string, unknown>> = {},
): Outcome {
  // What a task calls its own fields must not pass for what weir puts there.
  const result: TaskResult = { ...fields, status: "ok", headers: {}, data };
  return { status: "ok", http: NOTHING_SENT, result, error: null, meta };
}

/** Returns the outcome of a task that failed before, or without, a response. */
export function failedOutcome(error: WeirError, meta: TaskMeta): Outcome {
  return {
    status: "error",
    http: NOTHING_SENT,
    result: { status: "error", headers: {}, data: null },
    error: {
      kind: errorKindOf(error.code),
      code: error.code,
      message: placed(error),
      retryable: ERRORS[error.code].retryable,
      retry_after: null,
      hint: error.hint,
    },
    meta,
  };
}

/** Returns the message with the place in the file it is about, when it has one. */
function placed({ message, details }: WeirError): string {
  const { name, line, column } = details;
  if (typeof name !== "string" || typeof line !== "number") return message;
  return `${message} (${name}:${line}:${String(column)})`;
}
