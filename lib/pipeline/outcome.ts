/** Why a task failed, in the words of `outcome.error.kind`. */
export type ErrorKind =
  | "connection"
  | "dns"
  | "tls"
  | "timeout"
  | "rate_limit"
  | "auth"
  | "not_found"
  | "client_error"
  | "server_error"
  | "decode"
  | "schema"
  | "template"
  | "policy_denied"
  | "too_large"
  | "cancelled"
  | "unknown";

/** What went wrong; keys are those templates read. */
export interface OutcomeError {
  readonly kind: ErrorKind;
  /** A code of weir (`NET_CLOSED`), or `HTTP_503` for a status. */
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  /** Seconds the server asks to wait, from either form of Retry-After; null when it does not. */
  readonly retry_after: number | null;
  /** What to do about it, when weir knows. */
  readonly hint?: string | undefined;
  /** First 1,024 bytes of the body, as text. */
  readonly body_preview?: string | undefined;
}

/** What a task gave; templates see it under the task's label and as `_prev`. */
export interface TaskResult {
  /** HTTP status of an http task, "ok" or "error" of another, null without a response. */
  readonly status: number | string | null;
  /** Header values by lower-case name, repeats joined by ", "; {} without a response. */
  readonly headers: Readonly<Record<string, string>>;
  readonly data: unknown;
  /** Fields of `select` and of `set`, `__ref__`, `__preview__`. */
  readonly [field: string]: unknown;
}

/** What became of one task, as policy rules see it. Plain data: templates read its keys. */
export interface Outcome {
  readonly status: "ok" | "error";
  readonly http: {
    readonly status: number | null;
    readonly headers: Readonly<Record<string, string>>;
  };
  readonly result: TaskResult;
  /** null when the status is ok. */
  readonly error: OutcomeError | null;
  /** Attempts made, from 1; milliseconds all of them took; and facts of the kind. */
  readonly meta: {
    readonly attempt: number;
    readonly duration_ms: number;
    readonly [fact: string]: unknown;
  };
}

/** Returns the outcome of a task that came to no response. */
export function failedOutcome(
  error: OutcomeError,
  { status, meta }: { readonly status: TaskResult["status"]; readonly meta: Outcome["meta"] },
): Outcome {
  return {
    status: "error",
    http: { status: null, headers: {} },
    result: { status, headers: {}, data: null },
    error,
    meta,
  };
}
