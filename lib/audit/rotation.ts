import { codeOf } from "../base/errors.ts";
import type { Files } from "../runtime/runtime.ts";

/** Returns the number after `path` of a rotated file, 0 for the file itself, else undefined. */
function numberOf(name: string, base: string): number | undefined {
  if (name === base) return 0;
  if (!name.startsWith(`${base}.`)) return undefined;
  const suffix = name.slice(base.length + 1);
  return /^[1-9]\d{0,5}$/.test(suffix) ? Number(suffix) : undefined;
}

function split(path: string): { folder: string; base: string } {
  const slash = path.lastIndexOf("/");
  return { folder: slash < 0 ? "." : path.slice(0, slash) || "/", base: path.slice(slash + 1) };
}

function placeOf(path: string, number: number): string {
  return number === 0 ? path : `${path}.${number}`;
}

async function numbersAt(files: Files, path: string): Promise<readonly number[]> {
  const { folder, base } = split(path);
  let names: readonly string[];
  try {
    names = await files.list(folder);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
  return names
    .map((name) => numberOf(name, base))
    .filter((number) => number !== undefined)
    .sort((left, right) => left - right);
}

/** Returns the audit file and its rotated ones that are there, the oldest first. */
export async function auditPaths(files: Files, path: string): Promise<readonly string[]> {
  return (await numbersAt(files, path)).toReversed().map((number) => placeOf(path, number));
}

/**
 * Moves the file to `.1`, `.1` to `.2` and so on, and drops what is beyond `keep`.
 *
 * A crash half way leaves a number free; the next rotation moves the files up to that gap only.
 */
export async function rotate(files: Files, path: string, keep: number): Promise<void> {
  const numbers = await numbersAt(files, path);
  let free = 1;
  while (free < keep && numbers.includes(free)) free += 1;
  for (let number = free; number > 0; number -= 1) {
    if (numbers.includes(number - 1)) {
      await files.rename(placeOf(path, number - 1), placeOf(path, number));
    }
  }
  for (const number of numbers) if (number > keep) await files.remove(placeOf(path, number));
}
