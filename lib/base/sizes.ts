import { type ErrorCode, WeirError } from "./errors.ts";

/** Bytes of each unit by its lower-case name: powers of 1000, and of 1024 where an i says so. */
const UNIT_BYTES: ReadonlyMap<string, number> = new Map([
  ["b", 1],
  ["kb", 1000],
  ["mb", 1000 ** 2],
  ["gb", 1000 ** 3],
  ["tb", 1000 ** 4],
  ["kib", 1024],
  ["mib", 1024 ** 2],
  ["gib", 1024 ** 3],
  ["tib", 1024 ** 4],
]);

const SIZE = /^(\d+(?:\.\d+)?) ?([a-z]+)?$/i;

function badSize(shown: string, code: ErrorCode): WeirError {
  return new WeirError(code, `${shown} is not a size`, {
    hint: "Write bytes as a number, or with a unit such as 10kB, 100MB, 1GB or 64MiB",
  });
}

/**
 * Returns the bytes `input` stands for; a number without a unit is bytes.
 *
 * `kB MB GB TB` are powers of 1000, `KiB MiB GiB TiB` powers of 1024, in any case. A lone `k` or
 * `M` is refused, because programs disagree on what it means.
 *
 * @param code what a text that is no size is refused with
 * @throws {WeirError} `code` when it is empty, negative, too large or no size
 */
export function parseSize(input: string | number, code: ErrorCode): number {
  if (typeof input === "number") {
    if (Number.isSafeInteger(input) && input >= 0) return input;
    throw badSize(String(input), code);
  }
  const shown = JSON.stringify(input.length > 40 ? `${input.slice(0, 40)}…` : input);
  const [, count, unit = "b"] = SIZE.exec(input) ?? [];
  const unitBytes = UNIT_BYTES.get(unit.toLowerCase());
  if (count === undefined || unitBytes === undefined) throw badSize(shown, code);
  const bytes = Math.round(Number(count) * unitBytes);
  if (!Number.isSafeInteger(bytes)) throw badSize(shown, code);
  return bytes;
}

/** Returns `bytes` for people, in powers of 1000 with at most one decimal: `12 B`, `1.5 MB`. */
export function formatSize(bytes: number): string {
  const units = ["B", "kB", "MB", "GB"];
  let count = bytes;
  for (const unit of units) {
    // 999,950 bytes would round to 1000 kB; the next unit takes over at the rounded value.
    const shown = Number(count.toFixed(1));
    if (shown < 1000) return `${shown} ${unit}`;
    count /= 1000;
  }
  return `${Number(count.toFixed(1))} TB`;
}
