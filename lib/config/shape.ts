import { nearestName } from "../base/nearest.ts";
import { keyPathText } from "../base/key-path.ts";
import type { KeyPath } from "./locate.ts";
import type { Problem } from "./problem.ts";

/**
 * What a value of a configuration file must look like, and the data it becomes.
 *
 * Small on purpose: a schema library costs more to load than a plain request takes to send.
 */
export interface Shape<T> {
  /** Noun phrase for messages: "a string", "a list of strings". */
  readonly expected: string;
  /** A right value as TOML writes it, for hints. */
  readonly example: string;
  /** Names of the keys when it is a table with a fixed set of them. */
  readonly keys: readonly string[];
  /** Says whether `value` has the right type at its surface. */
  accepts(value: unknown): boolean;
  /** Returns the data, or undefined after adding at least one problem. */
  read(value: unknown, path: KeyPath, problems: Problem[]): T | undefined;
}

/** The data a shape reads into. */
export type Infer<S> = S extends Shape<infer T> ? T : never;

/** What readShape() returns. */
export type Reading<T> =
  | { readonly ok: true; readonly data: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Reads `value` with `shape`; nothing is thrown for a value that does not fit. */
export function readShape<T>(shape: Shape<T>, value: unknown, path: KeyPath = []): Reading<T> {
  const problems: Problem[] = [];
  const data = shape.read(value, path, problems);
  return data === undefined ? { ok: false, problems } : { ok: true, data };
}

/** Says whether `value` is a TOML table; dates are objects too. */
export function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isDate(value);
}

function isDate(value: object): boolean {
  return value instanceof Date;
}

/** Returns the noun phrase for what `value` is; never the value, which may be a secret. */
function kindOf(value: unknown): string {
  if (typeof value === "boolean") return value ? "true" : "false";
  if (typeof value === "number") return Number.isInteger(value) ? "an integer" : "a number";
  if (typeof value === "string") return value === "" ? "an empty string" : "a string";
  if (Array.isArray(value)) return "a list";
  if (isTable(value)) return "a table";
  return "a date or time";
}

/** Returns the problem of a value that does not fit; `because` replaces what it should be. */
export function misfit(shape: Shape<unknown>, path: KeyPath, because: string): Problem {
  const last = path.at(-1);
  const key = typeof last === "string" ? keyPathText([last]) : "";
  return {
    code: "CONFIG_INVALID",
    path,
    about: "value",
    message: `Key ${keyPathText(path)} ${because}`,
    hint:
      key === ""
        ? `Write for example ${shape.example}`
        : `Write for example ${key} = ${shape.example}`,
  };
}

/** Adds the problem of a value of the wrong type. */
export function refuseKind(
  shape: Shape<unknown>,
  value: unknown,
  path: KeyPath,
  problems: Problem[],
): undefined {
  problems.push(misfit(shape, path, `must be ${shape.expected}, not ${kindOf(value)}`));
}

/** Returns the problem of a key that does not exist beside `names`. */
export function unknownKey(path: KeyPath, names: readonly string[]): Problem {
  const name = String(path.at(-1) ?? "");
  // The search is quadratic, and no name is that long.
  const near = name.length > 64 ? undefined : nearestName(name, names);
  return {
    code: "CONFIG_UNKNOWN_KEY",
    path,
    about: "key",
    message: `Key ${keyPathText(path)} does not exist`,
    hint: near === undefined ? `The keys are: ${names.join(", ")}` : `Did you mean ${near}`,
  };
}
