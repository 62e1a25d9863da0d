/** Digits looked at behind the last one kept. */
const BEHIND = 30;
/** toFixed takes at most a hundred digits. */
const MOST = 100;

/**
 * Returns a number from 0 up with `precision` decimals; a value exactly in the middle goes to the
 * even digit, as Python has it. toFixed alone would go up.
 */
export function fixedText(value: number, precision: number): string {
  if (value >= 1e21) {
    const whole = BigInt(value).toString();
    return precision === 0 ? whole : `${whole}.${"0".repeat(precision)}`;
  }
  const rounded = value.toFixed(precision);
  if (precision + BEHIND > MOST) return rounded;
  const exact = value.toFixed(precision + BEHIND);
  if (!/^50*$/.test(exact.slice(-BEHIND))) return rounded;
  const cut = exact.slice(0, -BEHIND).replace(/\.$/, "");
  return /[02468]$/.test(cut) ? cut : rounded;
}

/** Returns `value` rounded to `precision` decimals, the middle to even; negative ones are tens. */
export function rounded(value: number, precision: number): number {
  if (precision > MOST - BEHIND) return value;
  const sign = value < 0 ? -1 : 1;
  if (precision >= 0) return sign * Number(fixedText(Math.abs(value), precision));
  const scale = 10 ** -precision;
  return sign * Number(fixedText(Math.abs(value) / scale, 0)) * scale;
}
