import { sanitizeLine } from "../base/sanitize.ts";
import { formatSize } from "../base/sizes.ts";
import { clipToWidth, displayWidth, formatSpan } from "./size.ts";

/** How far a transfer is. */
export interface Progress {
  /** Bytes there, those of an earlier run included. */
  readonly doneBytes: number;
  /** Undefined when the length is not known before the end. */
  readonly totalBytes?: number | undefined;
  readonly rateBytesPerSecond: number;
  /** Width of the terminal; the line is never wider. */
  readonly columns: number;
  /** What is transferred; it may come from a server. */
  readonly name?: string | undefined;
}

const WIDEST_BAR = 30;
const BAR_STEP = 5;

/**
 * Returns one line that shows how far a transfer is, without a line end.
 *
 * `[#####     ]  50% 12.3 MB/s ETA 0:00:07 name`, and `12.3 MB 1.2 MB/s name` when the total is not
 * known. On a narrow terminal the name is cut first, then bar, ETA and rate go in this order.
 */
export function progressLine(progress: Progress): string {
  const columns = Math.max(0, Math.floor(progress.columns));
  const words = factsOf(progress);
  while (words.length > 1 && displayWidth(words.join(" ")) > columns) words.pop();
  const facts = clipToWidth(words.join(" "), columns);
  const name = progress.name === undefined ? "" : sanitizeLine(progress.name);
  const left = columns - displayWidth(facts);
  const bar = barOf(progress, left - 1 - Math.min(displayWidth(name) + 1, Math.floor(left / 2)));
  const line = bar === "" ? facts : `${bar} ${facts}`;
  const room = columns - displayWidth(line) - 1;
  return name === "" || room < 1 ? line : `${line} ${clipToWidth(name, room)}`;
}

/** What a finished transfer came to. */
export interface TransferSummary {
  readonly doneBytes: number;
  /** From the start of this transfer. */
  readonly elapsedMs: number;
  /** Bytes there before it started, as with `--continue`. */
  readonly resumedBytes?: number | undefined;
  readonly isComplete: boolean;
}

/** Returns the line that ends a transfer: `Done. 12.3 MB in 7.1 s (1.7 MB/s)`. */
export function summaryLine(summary: TransferSummary): string {
  const { doneBytes, elapsedMs, resumedBytes = 0, isComplete } = summary;
  const moved = Math.max(0, doneBytes - resumedBytes);
  const seconds = elapsedMs / 1000;
  const span = seconds < 60 ? `${seconds.toFixed(seconds < 10 ? 2 : 1)} s` : formatSpan(seconds);
  const rate = seconds > 0 ? ` (${formatRate(moved / seconds)})` : "";
  const resumed = resumedBytes > 0 ? `, ${formatSize(resumedBytes)} were there already` : "";
  return `${isComplete ? "Done" : "Interrupted"}. ${formatSize(moved)} in ${span}${rate}${resumed}`;
}

function formatRate(bytesPerSecond: number): string {
  return `${formatSize(Math.round(bytesPerSecond))}/s`;
}

/** Most important first. */
function factsOf({ doneBytes, totalBytes, rateBytesPerSecond }: Progress): string[] {
  const rate = formatRate(rateBytesPerSecond);
  if (totalBytes === undefined) return [formatSize(doneBytes), rate];
  const left = Math.max(0, totalBytes - doneBytes) / rateBytesPerSecond;
  const eta = rateBytesPerSecond > 0 && left < 360_000 ? formatSpan(left) : "-:--:--";
  const percent = Math.floor(shareOf(doneBytes, totalBytes) * 100);
  return [`${String(percent).padStart(3)}%`, rate, `ETA ${eta}`];
}

function barOf({ doneBytes, totalBytes }: Progress, columns: number): string {
  // In steps, or the bar would jump with every digit of the rate.
  const width = Math.min(WIDEST_BAR, columns - 2 - ((columns - 2) % BAR_STEP));
  if (totalBytes === undefined || width < BAR_STEP) return "";
  return `[${"#".repeat(Math.floor(shareOf(doneBytes, totalBytes) * width)).padEnd(width)}]`;
}

function shareOf(doneBytes: number, totalBytes: number): number {
  return totalBytes <= 0 ? 1 : Math.min(1, Math.max(0, doneBytes / totalBytes));
}
