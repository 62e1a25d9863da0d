import { WeirError } from "../base/errors.ts";

/** What a program printed, read. */
export interface CommandOutput {
  readonly value: string;
  /** Unix milliseconds at which the value ends; undefined: the program did not say. */
  readonly endsAtMs?: number | undefined;
  /** Milliseconds the value lives; undefined: the program did not say. */
  readonly lifeMs?: number | undefined;
}

/**
 * Reads the output of a program that was asked for a secret.
 *
 * A JSON object with `value` may also have `expires_in` (seconds) or `expires_at` (a date of RFC
 * 3339, or seconds since 1970). Everything else is the value itself, without its last line break.
 *
 * @throws {WeirError} SECRET_UNRESOLVED when it is empty or its end is no time
 */
export function readCommandOutput(text: string): CommandOutput {
  const plain = text.replace(/\r?\n$/, "");
  const object = objectOf(plain);
  const value = ownText(object, "value");
  if (object === undefined || value === undefined) return { value: filled(plain) };
  return { value: filled(value), ...endOf(object) };
}

function filled(value: string): string {
  if (value !== "") return value;
  throw new WeirError("SECRET_UNRESOLVED", "A command for a secret printed nothing", {
    hint: "Run it by hand: it has to print the value, or JSON with value",
  });
}

function objectOf(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.trimStart().startsWith("{")) return undefined;
  try {
    return Object.fromEntries(Object.entries(JSON.parse(text) ?? {}));
  } catch {
    // Not JSON, so it is the value itself. The error would quote it.
    return undefined;
  }
}

function ownText(object: Readonly<Record<string, unknown>> | undefined, key: string) {
  const value = object?.[key];
  return typeof value === "string" ? value : undefined;
}

function endOf(object: Readonly<Record<string, unknown>>): Omit<CommandOutput, "value"> {
  const { expires_in: seconds, expires_at: end } = object;
  if (seconds !== undefined && seconds !== null) return { lifeMs: numberOf(seconds) * 1000 };
  if (end === undefined || end === null) return {};
  const dateMs = typeof end === "string" ? Date.parse(end) : Number.NaN;
  return { endsAtMs: Number.isNaN(dateMs) ? numberOf(end) * 1000 : dateMs };
}

function numberOf(value: unknown): number {
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  if (typeof number === "number" && Number.isFinite(number)) return number;
  throw new WeirError("SECRET_UNRESOLVED", "A command for a secret printed no time for its end", {
    hint: "Print expires_in in seconds, or expires_at as a date such as 2030-01-31T12:00:00Z",
  });
}
