import type { Clock } from "./clock.ts";

/** Crockford's alphabet: without I, L, O and U, in the order of the code points. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const TIME_DIGITS = 10;
const RANDOM_BYTES = 10;

function timeDigits(ms: number): string {
  let left = Math.max(0, Math.floor(ms));
  let text = "";
  for (let digit = 0; digit < TIME_DIGITS; digit += 1) {
    text = ALPHABET.charAt(left % 32) + text;
    left = Math.floor(left / 32);
  }
  return text;
}

function randomDigits(bytes: Uint8Array): string {
  let text = "";
  let held = 0;
  let heldBits = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    for (heldBits += 8; heldBits >= 5; heldBits -= 5)
      text += ALPHABET.charAt((held >> (heldBits - 5)) & 31);
    held &= (1 << heldBits) - 1;
  }
  return text;
}

/**
 * Returns a new ULID: 26 letters and digits that sort as text by the millisecond they were made in.
 *
 * Ids of the same millisecond are in no order: 80 random bits follow the time.
 */
export function newId(clock: Pick<Clock, "now">, random: (count: number) => Uint8Array): string {
  return timeDigits(clock.now()) + randomDigits(random(RANDOM_BYTES));
}
