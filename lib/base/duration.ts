import { type ErrorCode, WeirError } from "./errors.ts";

/** Units of a duration, longest first: the order they are written in. */
const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
] as const;

const NUMBER = String.raw`(\d+(?:\.\d+)?|\.\d+)`;
const BARE = new RegExp(`^${NUMBER}$`);
const WITH_UNITS = new RegExp(`^${UNITS.map(([unit]) => `(?:${NUMBER}${unit})?`).join("")}$`);

function badDuration(shown: string, code: ErrorCode): WeirError {
  return new WeirError(code, `${shown} is not a duration`, {
    hint: "Write a number with a unit (d, h, m, s, ms), such as 30s, 1m30s or 500ms; a number alone is seconds",
  });
}

/** A duration that is not zero stays above zero: 0 often means "no limit". */
function wholeMs(ms: number): number {
  return ms > 0 ? Math.max(1, Math.round(ms)) : 0;
}

/**
 * Returns the milliseconds `input` stands for; a number without a unit is seconds.
 *
 * Text holds units in falling order, each at most once: `1d`, `1m30s`, `1.5h`, `500ms`.
 *
 * @param code what a text that is no duration is refused with: the room knows whether it came from
 *   a flag or a file
 * @returns a whole number, at least 1 unless the duration is zero
 * @throws {WeirError} `code` when it is empty, negative, too large or no duration
 */
export function parseDuration(input: string | number, code: ErrorCode): number {
  if (typeof input === "number") {
    if (!(input >= 0)) throw badDuration(String(input), code);
    return checkedMs(input * 1000, String(input), code);
  }
  const shown = JSON.stringify(input.length > 40 ? `${input.slice(0, 40)}…` : input);
  if (BARE.test(input)) return checkedMs(Number(input) * 1000, shown, code);
  const parts = input === "" ? null : WITH_UNITS.exec(input);
  if (parts === null) throw badDuration(shown, code);
  const ms = UNITS.reduce((sum, [, unitMs], at) => sum + Number(parts[at + 1] ?? 0) * unitMs, 0);
  return checkedMs(ms, shown, code);
}

function checkedMs(ms: number, shown: string, code: ErrorCode): number {
  if (ms <= Number.MAX_SAFE_INTEGER) return wholeMs(ms);
  throw new WeirError(code, `${shown} is too long a duration`, {
    hint: "Write a duration of less than 200,000 years",
  });
}

/**
 * Returns `ms` as text that `parseDuration` reads back to the same whole milliseconds.
 *
 * Examples: `0s`, `400ms`, `1.5s`, `1m30s`, `2h`, `1d0.25s`.
 */
export function formatDuration(ms: number): string {
  let left = wholeMs(ms);
  if (left === 0) return "0s";
  if (left < 1000) return `${left}ms`;
  let text = "";
  for (const [unit, unitMs] of UNITS.slice(0, 3)) {
    const count = Math.floor(left / unitMs);
    if (count > 0) text += `${count}${unit}`;
    left -= count * unitMs;
  }
  return left > 0 ? `${text}${left / 1000}s` : text;
}

/** Returns milliseconds as people write them: `250 ms`, `1.5 s`. */
export function durationText(ms: number): string {
  const whole = Math.round(ms);
  return whole < 1000 ? `${whole} ms` : `${whole / 1000} s`;
}
