import { sanitizeLine } from "../../../lib/base/sanitize.ts";
import { formatSize } from "../../../lib/base/sizes.ts";
import type { RunEvent, Where } from "../../../lib/pipeline/events.ts";
import { formatSpan } from "../../../lib/render/size.ts";
import type { RunTally } from "./tally.ts";

/** A wait shorter than this is told of to nobody who did not ask for every line. */
const LONG_WAIT_MS = 1000;

/** Returns a whole number with a comma between thousands. */
export function countText(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

/** Returns `1 request`, `214 requests`: the noun takes an s. */
export function countOf(count: number, noun: string): string {
  return `${countText(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** Returns a span for people: `12 ms`, `1.2 s`, `1:02:03`. */
export function spanText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = Number((ms / 1000).toFixed(1));
  return seconds < 60 ? `${seconds} s` : formatSpan(seconds);
}

/** Returns where something happened: `fetch[3]/page, page 2`. */
function whereText({ step = "", task, iteration, page }: Partial<Where>): string {
  const item = iteration === undefined ? "" : `[${iteration}]`;
  const inside = task === undefined ? "" : `/${task}`;
  return sanitizeLine(`${step}${item}${inside}${page === undefined ? "" : `, page ${page}`}`);
}

/** Returns the line that ends a run that was done. */
export function doneLine(tally: RunTally, durationMs: number): string {
  const parts = [
    countOf(tally.steps.length, "step"),
    countOf(tally.requests, "request"),
    tally.retries === 0
      ? ""
      : `${countText(tally.retries)} ${tally.retries === 1 ? "retry" : "retries"}`,
    tally.flakyCount === 0 ? "" : `${countText(tally.flakyCount)} flaky`,
    tally.warningCount === 0 ? "" : countOf(tally.warningCount, "warning"),
  ];
  return `done in ${spanText(durationMs)}: ${parts.filter((part) => part !== "").join(", ")}`;
}

/** Returns the line that says how far a run came that was stopped. */
export function stoppedLine(tally: RunTally, durationMs: number): string {
  const running = tally.steps.find(({ status }) => status === "running");
  const ended = tally.steps.filter(({ status }) => status !== "running").length;
  const parts = [
    `${countOf(ended, "step")} done`,
    running === undefined ? "" : `${sanitizeLine(running.step)} under way`,
    countOf(tally.requests, "request"),
    tally.itemsDone === 0 ? "" : countOf(tally.itemsDone, "item"),
  ];
  return `stopped after ${spanText(durationMs)}: ${parts.filter((part) => part !== "").join(", ")}`;
}

/** How much is said: 0 what a person wants to know anyway, 1 each task, 2 each request. */
export type Detail = 0 | 1 | 2;

/** Returns the line that tells of an event on a standard error that is no terminal; undefined for none. */
export function eventLine(event: RunEvent, detail: Detail): string | undefined {
  if (event.event === "step_end") return stepLine(event);
  if (event.event !== "retry") return detailLine(event, detail);
  if (event.wait_ms < LONG_WAIT_MS && detail === 0) return undefined;
  return `${whereText(event)}: waiting ${spanText(event.wait_ms)}: ${sanitizeLine(event.reason)}`;
}

/** Returns the line of an event that is told of on a terminal, too. */
export function detailLine(event: RunEvent, detail: Detail): string | undefined {
  if (event.event === "warning") return warningText(event);
  if (event.event === "task_done" && detail > 0) return taskLine(event);
  if (event.event === "page_done" && detail > 0) {
    const items = event.items === undefined ? "" : `: ${countOf(event.items, "item")}`;
    return `${whereText(event)}${items}`;
  }
  return event.event === "attempt" && detail > 1 ? attemptLine(event) : undefined;
}

/** Returns what a warning says, and where. */
function warningText({ message, ...at }: RunEvent & { readonly event: "warning" }): string {
  // A warning about a whole step names it.
  const where = at.task === undefined ? "" : `${whereText(at)}: `;
  return `weir: warning: ${where}${sanitizeLine(message)}`;
}

function stepLine(event: RunEvent & { readonly event: "step_end" }): string {
  const parts = [
    event.status === "ok" ? "done" : "failed",
    event.items === undefined ? "" : countOf(event.items, "item"),
    event.failed === undefined || event.failed === 0 ? "" : `${countText(event.failed)} failed`,
    spanText(event.duration_ms),
  ];
  return `${whereText(event)}: ${parts.filter((part) => part !== "").join(", ")}`;
}

function taskLine(event: RunEvent & { readonly event: "task_done" }): string {
  const decided = event.rule === undefined ? event.action : `rule ${event.rule} ${event.action}`;
  const reason = event.error === undefined ? "" : `: ${sanitizeLine(event.error.message)}`;
  const flaky = event.is_flaky === true ? ", flaky" : "";
  return `${whereText(event)}: ${event.status}, ${decided}, ${spanText(event.duration_ms)}${flaky}${reason}`;
}

function attemptLine(event: RunEvent & { readonly event: "attempt" }): string {
  const answer = event.status ?? event.error ?? "no response";
  const size = event.bytes === undefined ? "" : `, ${formatSize(event.bytes)}`;
  const request = sanitizeLine(`${event.method} ${event.url}`);
  return `${whereText(event)}: ${request} ${sanitizeLine(String(answer))}, ${spanText(event.duration_ms)}${size}`;
}
