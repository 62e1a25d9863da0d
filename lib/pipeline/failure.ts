import { ERRORS, type ErrorCode, toWeirError, WeirError } from "../base/errors.ts";
import type { Where } from "./events.ts";
import type { OutcomeError } from "./outcome.ts";

/** Why a step or a run failed, and where. */
export interface Failure {
  /** undefined: it belongs to no step. */
  readonly at: Where | undefined;
  readonly error: OutcomeError;
  /** The error itself, when there is one: it knows its place in the file. */
  readonly cause?: WeirError | undefined;
  /** HTTP status of the task that failed. */
  readonly status?: number | undefined;
}

/**
 * Returns the failure that an error is, "template" for those of templates.
 *
 * @throws {WeirError} the error itself, when it is a bug or says that the run was stopped
 */
export function failureOf(thrown: unknown, at: Where | undefined): Failure {
  const cause = toWeirError(thrown);
  const { code, message } = cause;
  const hint = missingHint(cause) ?? cause.hint;
  if (code === "INTERNAL" || code === "CANCELLED") throw cause;
  const kind = code.startsWith("TEMPLATE_") ? "template" : "unknown";
  const { retryable } = ERRORS[code];
  return { at, error: { kind, code, message, retryable, retry_after: null, hint }, cause };
}

/** What to do about a value of the workload, or an entry of the keychain, that is not there. */
function missingHint({ code, details: { path } }: WeirError): string | undefined {
  if (code !== "TEMPLATE_UNDEFINED" || typeof path !== "string") return undefined;
  const [, root, name] = /^(workload|keychain)\.(\w+)/.exec(path) ?? [];
  if (name === undefined) return undefined;
  return root === "workload"
    ? `Give it with --set ${name}=…, declare it under workload, or use default(…)`
    : `Add an entry ${name} to keychain: of the file, or [keychain.${name}] to the configuration`;
}

/** Returns the failure that the file itself asks for, or a limit of the run. */
export function refusal(at: Where | undefined, message: string, hint?: string): Failure {
  const code = "PIPELINE_FAILED";
  return {
    at,
    error: { kind: "unknown", code, message, retryable: false, retry_after: null, hint },
  };
}

/** Returns the error a run ends with. */
export function pipelineError(
  { at, error, cause, status }: Failure,
  redact: (text: string) => string,
): WeirError {
  const place = cause === undefined ? {} : placeIn(cause.details);
  const { body_preview: preview } = error;
  const where = at === undefined ? "The pipeline" : placeText(at);
  const message = redact(`${where}: ${error.message}`);
  return new WeirError("PIPELINE_FAILED", message, {
    hint: error.hint === undefined ? undefined : redact(error.hint),
    details: {
      ...place,
      ...at,
      kind: error.kind,
      code: error.code,
      ...(status === undefined ? {} : { status }),
      ...(preview === undefined ? {} : { body_preview: redact(preview) }),
    },
    cause: cause ?? causeOf(error, redact),
  });
}

/** Items count from 0, as `iter.index` does. */
function placeText({ step, task, iteration, page }: Where): string {
  const parts = [`Step "${step}"`];
  if (task !== undefined) parts.push(`task "${task}"`);
  if (iteration !== undefined) parts.push(`item ${iteration}`);
  if (page !== undefined) parts.push(`page ${page}`);
  return parts.join(", ");
}

/** A status is no code of weir; everything else that failed has one. */
function causeOf(error: OutcomeError, redact: (text: string) => string): WeirError | undefined {
  if (!isErrorCode(error.code) || error.code === "PIPELINE_FAILED") return undefined;
  return new WeirError(error.code, redact(error.message), { hint: error.hint });
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}

/** Templates call the file "name", the loader "file". */
function placeIn(details: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { name, file = name, line, column, frame } = details;
  return line === undefined ? {} : { file, line, column, frame };
}
