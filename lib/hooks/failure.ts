import { type ErrorCode, messageOf, WeirError } from "../base/errors.ts";
import { sanitizeLine } from "../base/sanitize.ts";
import type { RawFailure } from "./messages.ts";
import { SeatFailure } from "./seat.ts";

/** Where a failure happened. */
export interface FailurePlace {
  readonly plugin: string;
  readonly event: string;
  /** Where the handler was registered: said when the failure itself has no place. */
  readonly where: string;
  /** Begins the message in place of plugin and event. */
  readonly title?: string | undefined;
  /** What to do about it where nothing better is known. */
  readonly hint?: string | undefined;
}

const HINTS: Readonly<Record<string, string>> = {
  deadline: "Raise limits.deadline_ms in its manifest, or make it give back control with await",
  hang: "It called a function of the engine that cannot be interrupted with something too large",
  timeout: "Raise limits.timeout_ms in its manifest, or give its requests a shorter timeout",
  memory: "Raise limits.memory_mb in its manifest, or keep less at once",
};

/** Returns the place in the plugin's own files that a stack names first. */
export function placeIn(stack: string): string | undefined {
  const lines = stack.split("\n").filter((line) => !line.includes("weir:"));
  return lines
    .map((line) => /(?:^|[\s(])([^\s():<>]+:\d+(?::\d+)?)\)?\s*$/.exec(line)?.[1])
    .find((place) => place !== undefined);
}

function whatOf({ name, message }: Pick<RawFailure, "name" | "message">): string {
  const text = message === "" ? "an error without a message" : message;
  return name === "" || name === "Error" ? text : `${name}: ${text}`;
}

/**
 * Returns the error for a handler that failed: names plugin, event and file:line:column.
 *
 * What the plugin said is on one line and safe for a terminal.
 */
export function hookFailure(error: unknown, place: FailurePlace): WeirError {
  const failure = error instanceof SeatFailure ? error.failure : undefined;
  const code: ErrorCode = error instanceof WeirError ? error.code : "HOOK_FAILED";
  const what = failure === undefined ? messageOf(error) : whatOf(failure);
  const at = (failure === undefined ? undefined : placeIn(failure.stack)) ?? place.where;
  const where = at === "" ? "" : ` (${at})`;
  const title = place.title ?? `Plugin ${place.plugin} failed in ${place.event}`;
  const text = `${title}: ${what}${where}`;
  const hint = error instanceof WeirError ? error.hint : undefined;
  return new WeirError(isOfHooks(code) ? code : "HOOK_FAILED", sanitizeLine(text).slice(0, 1500), {
    hint:
      hint ?? HINTS[failure?.code ?? ""] ?? place.hint ?? "Correct the plugin, or run without it",
    details: { plugin: place.plugin, event: place.event, at },
    cause: error,
  });
}

function isOfHooks(code: ErrorCode): boolean {
  return code.startsWith("HOOK_") || code.startsWith("PLUGIN_");
}

/** Returns the reason a plugin gave, as one line for a person. */
export function reasonText(reason: unknown, otherwise: string): string {
  const text = typeof reason === "string" && reason !== "" ? reason : otherwise;
  return sanitizeLine(text).slice(0, 1000);
}

/** Returns the error of a request that a plugin cancelled. */
export function cancelled(plugin: string, reason: unknown, event: string): WeirError {
  const shown = reasonText(reason, "cancelled");
  return new WeirError("HOOK_CANCELLED", `Request cancelled by plugin ${plugin}: ${shown}`, {
    hint: "The plugin decides this; run without it if it should not",
    details: { plugin, event, reason: shown },
  });
}
