import { parseDuration } from "../base/duration.ts";
import { nearestName } from "../base/nearest.ts";
import { parseSize } from "../base/sizes.ts";
import { isSensitive } from "./frame.ts";
import { convert, oneOf } from "./combine.ts";
import { isTable, misfit, refuseKind, type Shape } from "./shape.ts";

/** What a string may be. */
export interface TextRule<T extends string> {
  /** The only values. */
  readonly choices?: readonly T[];
  /** Must match as a whole when it is anchored; goes with `expected`. */
  readonly pattern?: RegExp;
  /** Noun phrase for what the pattern means: "a name of letters and digits". */
  readonly expected?: string;
  readonly example?: string;
}

function choiceHint(value: string, choices: readonly string[]): string {
  const near = nearestName(value.slice(0, 64), choices);
  const all = `The values are: ${choices.join(", ")}`;
  return near === undefined ? all : `Did you mean "${near}"`;
}

/** A string; with `choices` one of them. Without a rule it may be empty. */
export function text<const T extends string = string>(rule: TextRule<T> = {}): Shape<T> {
  const { choices, pattern } = rule;
  const quoted = choices?.map((choice) => `"${choice}"`);
  const shape: Shape<T> = {
    expected: quoted === undefined ? (rule.expected ?? "a string") : `one of ${quoted.join(", ")}`,
    example: rule.example ?? quoted?.[0] ?? '"text"',
    keys: [],
    accepts: (value) => typeof value === "string",
    read(value, path, problems) {
      if (typeof value !== "string") return refuseKind(shape, value, path, problems);
      const isChoice = choices === undefined || choices.some((choice) => choice === value);
      // With choices the value is one of T; without them T is string.
      if (isChoice && (pattern?.test(value) ?? true)) return value as T;
      const shown = isSensitive(path) ? "this string" : JSON.stringify(value.slice(0, 60));
      const problem = misfit(shape, path, `must be ${shape.expected}, not ${shown}`);
      problems.push(
        choices === undefined ? problem : { ...problem, hint: choiceHint(value, choices) },
      );
      return undefined;
    },
  };
  return shape;
}

/** True or false. */
export function flag(): Shape<boolean> {
  const shape: Shape<boolean> = {
    expected: "true or false",
    example: "true",
    keys: [],
    accepts: (value) => typeof value === "boolean",
    read: (value, path, problems) =>
      typeof value === "boolean" ? value : refuseKind(shape, value, path, problems),
  };
  return shape;
}

/** Bounds of a number, both inclusive. */
export interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

function boundsText({ min, max }: Bounds): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` of at least ${min}`;
  return max === undefined ? "" : ` of at most ${max}`;
}

function numeric(kind: string, bounds: Bounds, isKind: (value: number) => boolean): Shape<number> {
  const { min = -Infinity, max = Infinity } = bounds;
  const shape: Shape<number> = {
    expected: `${kind}${boundsText(bounds)}`,
    example: String(Number.isFinite(min) ? min : Math.min(max, 10)),
    keys: [],
    accepts: (value) => typeof value === "number",
    read(value, path, problems) {
      if (typeof value !== "number") return refuseKind(shape, value, path, problems);
      if (isKind(value) && value >= min && value <= max) return value;
      problems.push(misfit(shape, path, `must be ${shape.expected}, not ${value}`));
      return undefined;
    },
  };
  return shape;
}

/** A whole number. */
export function integer(bounds: Bounds = {}): Shape<number> {
  return numeric("an integer", bounds, Number.isSafeInteger);
}

/** A finite number. */
export function number(bounds: Bounds = {}): Shape<number> {
  return numeric("a number", bounds, Number.isFinite);
}

/** A duration as a string with a unit, or a number of seconds; read to milliseconds. */
export function duration(): Shape<number> {
  return convert(
    oneOf(text({ example: '"30s"' }), number()),
    (written) => parseDuration(written, "CONFIG_INVALID"),
    { expected: 'a duration such as "30s"' },
  );
}

/** A size as a string with a unit, or a number of bytes; read to bytes. */
export function size(): Shape<number> {
  return convert(
    oneOf(text({ example: '"100MB"' }), number()),
    (written) => parseSize(written, "CONFIG_INVALID"),
    { expected: 'a size such as "100MB"' },
  );
}

/** A value as JSON knows it. */
export type Json = string | number | boolean | readonly Json[] | { readonly [name: string]: Json };

/** Levels of tables and lists in a free value; TOML has no bound of its own. */
const DEEPEST = 64;

/** Any value that JSON can hold: no dates, no inf, no nan. For settings of plugins and the like. */
export function json(): Shape<Json> {
  const shape: Shape<Json> = {
    expected: "a value without dates, inf and nan",
    example: '"text"',
    keys: [],
    accepts: () => true,
    read(value, path, problems) {
      if (typeof value === "string" || typeof value === "boolean") return value;
      if (typeof value === "number" && Number.isFinite(value)) return value;
      if (path.length > DEEPEST) {
        problems.push(misfit(shape, path.slice(0, 2), `has more than ${DEEPEST} levels`));
        return undefined;
      }
      const before = problems.length;
      if (Array.isArray(value)) {
        const items = value.map((item: unknown, at) => shape.read(item, [...path, at], problems));
        // Elements are undefined only when problems were added.
        return problems.length > before ? undefined : (items as Json[]);
      }
      if (!isTable(value)) return refuseKind(shape, value, path, problems);
      const entries = Object.entries(value).map(
        ([name, item]) => [name, shape.read(item, [...path, name], problems)] as const,
      );
      // fromEntries defines own properties, so that `__proto__` is a name like any other.
      return problems.length > before ? undefined : (Object.fromEntries(entries) as Json);
    },
  };
  return shape;
}
