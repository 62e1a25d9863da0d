import { WeirError } from "../base/errors.ts";
import { nearestName } from "../base/nearest.ts";
import type { RawResult } from "./messages.ts";

type RawObject = Extract<RawResult, { readonly kind: "object" }>;

/** What a handler's return value means. */
export type Verdict =
  | { readonly kind: "pass" }
  | { readonly kind: "replace"; readonly raw: RawObject }
  | { readonly kind: "respond"; readonly answer: unknown; readonly raw: RawObject }
  | { readonly kind: "cancel"; readonly reason: unknown }
  | { readonly kind: "stop"; readonly reason: unknown }
  | { readonly kind: "fail"; readonly reason: unknown };

/** Fields of events that a handler may give back without the `type` of the event. */
const FIELDS: readonly string[] = [
  "method",
  "url",
  "headers",
  "headers_all",
  "body",
  "status",
  "tool",
  "args",
  "result",
  "error",
  "delay_ms",
];

const DIRECTIVES: readonly string[] = ["cancel", "reason", "respond", "fail", "stop"];

/**
 * Returns what a handler meant.
 *
 * Nothing is a pass. An object with `type` is a replacement whatever else it holds, so that a field
 * of a payload is never taken for a directive; then comes `respond`, `cancel`, `fail`, `stop`; else it
 * is a replacement.
 *
 * @throws {WeirError} HOOK_FAILED for a scalar, and for an object of which nothing is known
 */
export function readVerdict(raw: RawResult): Verdict {
  if (raw.kind === "none") return { kind: "pass" };
  if (raw.kind === "scalar") {
    throw new WeirError("HOOK_FAILED", `it returned a ${raw.type}`, {
      hint: "A handler returns nothing, the event, or { cancel: true, reason }",
    });
  }
  const { fields } = raw;
  if (Object.hasOwn(fields, "type")) return { kind: "replace", raw };
  const { respond, cancel, fail, stop, reason } = fields;
  if (respond !== undefined) return { kind: "respond", answer: respond, raw };
  if (cancel === true) return { kind: "cancel", reason };
  if (fail === true) return { kind: "fail", reason };
  if (stop === true) return { kind: "stop", reason };
  const known = [...FIELDS, ...DIRECTIVES];
  const strange = Object.keys(fields).find((key) => !FIELDS.includes(key));
  if (strange === undefined) return { kind: "replace", raw };
  // Nothing is passed over in silence here: a misspelled `cancel` must not let the request go.
  const near = nearestName(strange.slice(0, 64), known);
  throw new WeirError(
    "HOOK_FAILED",
    `it returned an object with ${JSON.stringify(strange.slice(0, 64))}`,
    {
      hint:
        near === undefined || near === strange
          ? "Return the event itself, or one of respond, cancel: true, fail: true, stop: true"
          : `Did you mean ${near}`,
    },
  );
}

/** Refuses what a handler returned where only a replacement or a pass means something. */
export function refuseOutOfPlace(verdict: Verdict): Record<string, never> {
  if (verdict.kind === "pass") return {};
  throw new WeirError("HOOK_FAILED", `it returned ${verdict.kind}, which cannot be done here`, {
    hint: "Return { fail: true, reason } to make a response a failure",
  });
}
