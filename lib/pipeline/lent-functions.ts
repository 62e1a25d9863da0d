import type { EvaluateOptions } from "../template/evaluation.ts";
import type { RunPorts } from "./ports.ts";

/** 2^53: the number of different values of a random number. */
const FRACTIONS = 2 ** 53;

/**
 * Returns the functions `now` and `uuid` and the source of `random`.
 *
 * What they give goes through the journal, so that a run that goes on gets the same again.
 *
 * @param place gives another name each time it is asked
 */
export function lentFunctions(
  { clock, random, journal }: Pick<RunPorts, "clock" | "random" | "journal">,
  place: () => string,
): EvaluateOptions {
  return {
    functions: {
      now: () => journal.value(place(), () => new Date(clock.now()).toISOString()),
      uuid: () => journal.value(place(), () => uuidOf(random(16))),
    },
    random: () => Number(journal.value(place(), () => fraction(random))),
  };
}

/** Returns a random number from 0 to below 1. */
export function fraction(random: (count: number) => Uint8Array): number {
  const bits = random(7).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n) >> 3n;
  return Number(bits) / FRACTIONS;
}

/** RFC 9562 section 5.4: 122 random bits, version 4, variant 10. */
function uuidOf(bytes: Uint8Array): string {
  const set = Uint8Array.from(bytes);
  set[6] = ((set[6] ?? 0) & 0x0f) | 0x40;
  set[8] = ((set[8] ?? 0) & 0x3f) | 0x80;
  const hex = set.toHex();
  const cuts = [0, 8, 12, 16, 20, 32];
  return cuts
    .slice(1)
    .map((end, at) => hex.slice(cuts[at], end))
    .join("-");
}
