import { toWeirError } from "../base/errors.ts";
import { replaceUnsafe } from "../base/sanitize.ts";
import type { CallId } from "./call.ts";
import { hintForModel } from "./hints.ts";

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
  const advice = hintForModel(code, hint);
  return { id, success: false, output: "", error: message, code, rule, hint: advice };
}

/**
 * Returns the line of an envelope, with its end.
 *
 * What a terminal would obey, or nobody would see, is written as an escape of JSON: the data stays
 * the same.
 */
export function envelopeLine(envelope: Envelope): string {
  const line = replaceUnsafe(JSON.stringify(envelope), (character) =>
    // One escape for each half of a pair.
    character.split("").map(unitEscape).join(""),
  );
  return `${line}\n`;
}

function unitEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
