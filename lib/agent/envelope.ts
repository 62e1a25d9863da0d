import { toWeirError } from "../base/errors.ts";
import type { CallId } from "./call.ts";

/** Facts about the response, for programs. */
export interface AnswerMeta {
  readonly status: number;
  readonly reason: string;
  /** By lower-case name; repeats joined by ", "; values of sensitive headers masked. */
  readonly headers: Readonly<Record<string, string>>;
  /** Decoded bytes of the body that were kept. */
  readonly bytes: number;
  readonly truncated: boolean;
  readonly content_type: string | null;
  readonly final_url: string;
  /** Number of redirects that were followed. */
  readonly redirects: number;
  readonly duration_ms: number;
  /** What `select` found; null without it. */
  readonly result: unknown;
  /** Id of the call in the audit file. */
  readonly decision_id: string;
  /** The timeout that was used, when the one asked for was longer than allowed. */
  readonly timeout_clamped_secs?: number | undefined;
}

/** What a model receives. */
export type Envelope =
  | {
      readonly id: CallId;
      readonly success: true;
      readonly output: string;
      readonly error: null;
      readonly meta: AnswerMeta;
    }
  | {
      readonly id: CallId;
      readonly success: false;
      readonly output: "";
      readonly error: string;
      /** A key of ERRORS. */
      readonly code: string;
      /** The rule of the policy that refused, when one did. */
      readonly rule?: string | undefined;
      readonly hint?: string | undefined;
    };

/** Returns the envelope of a call that got no answer. */
export function failure(id: CallId, error: unknown): Envelope {
  const { code, message, hint, details } = toWeirError(error);
  const rule = typeof details["rule"] === "string" ? details["rule"] : undefined;
  return { id, success: false, output: "", error: message, code, rule, hint };
}
