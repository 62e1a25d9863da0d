import type { Evaluation } from "../evaluation.ts";
import { describe } from "../lookup.ts";
import { type Arguments, type Operation, operation } from "../operation.ts";
import { isTrue } from "../operators.ts";
import { fixedText, rounded } from "../rounding.ts";
import { charactersOf } from "../values.ts";

/** Digits of Python's int(): an optional sign, digits with single underscores. */
const DECIMAL = /^\s*[-+]?\d+(?:_\d+)*\s*$/;
const FLOAT = /^\s*[-+]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[-+]?\d+)?\s*$/i;
/** A longer text is no number; reading a million digits would take a second. */
const LONGEST = 1000;
const RADIX_PREFIX: Readonly<Record<number, RegExp>> = { 2: /^0b/i, 8: /^0o/i, 16: /^0x/i };
const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz";

function numeric(state: Evaluation, value: unknown): number {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return Number(value);
  throw state.typeError(`The filter needs a number, not ${describe(value)}`, "Use int or float");
}

/** Returns the number a value is or a text stands for, or undefined. */
function floatOf(value: unknown): number | undefined {
  if (typeof value === "boolean") return Number(value);
  if (typeof value === "string")
    return value.length <= LONGEST && FLOAT.test(value)
      ? finite(Number(value.replaceAll("_", "")))
      : undefined;
  return typeof value === "number" ? finite(value) : undefined;
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

/** Returns the whole number a text stands for in base `radix`, or undefined. */
function parseDigits(text: string, radix: number): number | undefined {
  if (text.length > LONGEST) return undefined;
  if (radix === 10) return DECIMAL.test(text) ? Number(text.replaceAll("_", "")) : undefined;
  const { sign = "", digits = "" } =
    /^(?<sign>[-+]?)(?<digits>.*)$/s.exec(text.trim().toLowerCase())?.groups ?? {};
  const body = digits.replace(RADIX_PREFIX[radix] ?? "", "").replaceAll("_", "");
  const allowed = DIGITS.slice(0, radix);
  if (body === "" || charactersOf(body).some((digit) => !allowed.includes(digit))) return undefined;
  return Number.parseInt(sign + body, radix);
}

function toInteger(state: Evaluation, value: unknown, args: Arguments): unknown {
  const radix = args.integer(1, 10);
  if (radix < 2 || radix > 36) throw state.typeError("The base must be from 2 to 36");
  const whole = typeof value === "string" ? parseDigits(value, radix) : undefined;
  const number = whole ?? floatOf(value);
  return number === undefined || !Number.isFinite(number)
    ? args.value(0, 0)
    : Math.trunc(number) + 0;
}

function round(state: Evaluation, value: unknown, args: Arguments): number {
  const number = numeric(state, value);
  const precision = args.integer(0, 0);
  const method = args.text(1, "common");
  if (Math.abs(precision) > 300) throw state.typeError("The precision is larger than 300");
  if (method === "common") return rounded(number, precision) + 0;
  if (method !== "ceil" && method !== "floor")
    throw state.typeError("The method of round must be common, ceil or floor");
  const scale = 10 ** precision;
  return Math[method](number * scale) / scale + 0;
}

const SIZES = ["k", "M", "G", "T", "P", "E", "Z", "Y"];

function fileSize(state: Evaluation, value: unknown, args: Arguments): string {
  const bytes = floatOf(value);
  if (bytes === undefined)
    throw state.typeError(`The filter needs a number, not ${describe(value)}`, "Use int");
  const isBinary = isTrue(state, args.value(0, false));
  const base = isBinary ? 1024 : 1000;
  if (bytes === 1) return "1 Byte";
  if (bytes < base) return `${Math.trunc(bytes)} Bytes`;
  const found = SIZES.findIndex((_, at) => bytes < base ** (at + 2));
  const at = found === -1 ? SIZES.length - 1 : found;
  const unit = isBinary ? `${(SIZES[at] ?? "").toUpperCase()}iB` : `${SIZES[at]}B`;
  return `${fixedText(bytes / base ** (at + 1), 1)} ${unit}`;
}

/** Filters for numbers. Integers are exact up to 2^53, as everywhere in JavaScript. */
export const NUMBER_FILTERS: Readonly<Record<string, Operation>> = {
  abs: operation("", (state, value) => Math.abs(numeric(state, value))),
  filesizeformat: operation("binary?", fileSize),
  float: operation("default?", (_, value, args) => floatOf(value) ?? args.value(0, 0)),
  int: operation("default? base?", toInteger),
  round: operation("precision? method?", round),
};
