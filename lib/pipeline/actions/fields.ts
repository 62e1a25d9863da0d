import { WeirError } from "../../base/errors.ts";
import { parseDuration } from "../../base/duration.ts";
import type { Scope } from "../scope.ts";
import { templateTypeError } from "../setting.ts";
import type { KeyPath, Source } from "../source.ts";
import { compileValue, type Value } from "../values.ts";

/** A scope without a name, for values without templates. */
const NOTHING: Scope = { layers: [], options: {} };

interface Origin {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly path: KeyPath;
  readonly source: Source;
}

type Values = ReadonlyMap<string, Value>;

/** Returns the compiled keys of an action; templates may stand in all of them. */
export function compileFields({ fields, path, source }: Origin): Fields {
  const values = Object.entries(fields).map(
    ([key, value]) => [key, compileValue(value, [...path, key], source)] as const,
  );
  return new Fields(new Map(values), source, NOTHING);
}

/** The keys of an action as numbers, words and durations. */
export class Fields {
  readonly isTemplated: boolean;
  readonly #values: Values;
  readonly #source: Source;
  readonly #scope: Scope;

  constructor(values: Values, source: Source, scope: Scope) {
    this.#values = values;
    this.#source = source;
    this.#scope = scope;
    this.isTemplated = [...values.values()].some((value) => value.isTemplated);
  }

  /** Returns these fields with the values they have in `scope`. */
  in(scope: Scope): Fields {
    return new Fields(this.#values, this.#source, scope);
  }

  /** Returns a whole number from `min` to `max`; a text that is one counts. */
  whole(key: string, min: number, max: number): number | undefined {
    const value = this.#valueOf(key);
    if (value === undefined) return undefined;
    const found =
      typeof value === "string" && /^\d{1,15}$/.test(value.trim()) ? Number(value) : value;
    if (typeof found === "number" && Number.isInteger(found) && found >= min && found <= max)
      return found;
    throw this.#refused(key, `a whole number from ${min} to ${max}`, "Make the template give one");
  }

  durationMs(key: string): number | undefined {
    const value = this.#valueOf(key);
    if (value === undefined) return undefined;
    const expected = "a number of seconds, or a duration such as 500ms, 2s or 1m30s";
    if (typeof value !== "string" && typeof value !== "number")
      throw this.#refused(key, expected, "Make the template give one");
    try {
      return parseDuration(typeof value === "string" ? value.trim() : value, "TEMPLATE_TYPE");
    } catch (error) {
      if (!(error instanceof WeirError)) throw error;
      throw this.#refused(key, expected, error.hint ?? "Make the template give one");
    }
  }

  word<W extends string>(key: string, words: readonly W[]): W | undefined {
    const value = this.#valueOf(key);
    if (value === undefined) return undefined;
    const found = words.find((word) => word === value);
    if (found !== undefined) return found;
    throw this.#refused(key, `one of ${words.join(", ")}`, "Make the template give one of them");
  }

  flag(key: string): boolean | undefined {
    const value = this.#valueOf(key);
    if (value === undefined || typeof value === "boolean") return value;
    throw this.#refused(key, "true or false", "Make the template give one of the two");
  }

  #valueOf(key: string): unknown {
    return this.#values.get(key)?.evaluate(this.#scope);
  }

  #refused(key: string, expected: string, hint: string): WeirError {
    const path = this.#values.get(key)?.path ?? [];
    return templateTypeError(this.#source, path, { message: `${key} must be ${expected}`, hint });
  }
}
