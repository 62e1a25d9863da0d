import { toWeirError, WeirError } from "../base/errors.ts";
import { nearestName } from "../base/nearest.ts";
import { isSensitive } from "./frame.ts";
import type { KeyPath } from "./locate.ts";
import type { Problem } from "./problem.ts";
import { type Infer, isTable, misfit, refuseKind, type Shape, unknownKey } from "./shape.ts";

/** A key of a table that may be left out. */
export interface Optional<T> {
  readonly optional: Shape<T>;
  readonly fallback: T | undefined;
}

/** A key of a table that is there in the data always, by its fallback if need be. */
export interface Defaulted<T> {
  readonly optional: Shape<T>;
  readonly fallback: T;
}

/** A key of a table. */
export type Field = Shape<unknown> | Optional<unknown>;

/** The keys of a table. */
export type Fields = Readonly<Record<string, Field>>;

type LeftOut<F> = {
  [K in keyof F]: F[K] extends Shape<unknown>
    ? never
    : F[K] extends Defaulted<infer T>
      ? undefined extends T
        ? K
        : never
      : K;
}[keyof F];

type FieldData<F> =
  F extends Shape<infer T> ? T : F extends { readonly optional: Shape<infer T> } ? T : never;

/** The data of a table with keys `F`. */
export type TableData<F extends Fields> = {
  readonly [K in Exclude<keyof F, LeftOut<F>>]: FieldData<F[K]>;
} & { readonly [K in LeftOut<F>]?: FieldData<F[K]> };

/** Makes a key one that may be left out, and then is not in the data. */
export function optional<T>(shape: Shape<T>): Optional<T>;
/** Makes a key one that may be left out, and then has `fallback` in the data. */
export function optional<T>(shape: Shape<T>, fallback: NoInfer<T>): Defaulted<T>;
/** The two above. */
export function optional<T>(shape: Shape<T>, fallback?: T): Optional<T> {
  return { optional: shape, fallback };
}

function readFields(
  fields: Fields,
  value: Readonly<Record<string, unknown>>,
  path: KeyPath,
  problems: Problem[],
): readonly (readonly [string, unknown])[] {
  const names = Object.keys(fields);
  for (const name of Object.keys(value))
    if (!Object.hasOwn(fields, name)) problems.push(unknownKey([...path, name], names));
  const entries: (readonly [string, unknown])[] = [];
  for (const [name, field] of Object.entries(fields)) {
    const shape = "optional" in field ? field.optional : field;
    const fallback = "optional" in field ? field.fallback : undefined;
    if (Object.hasOwn(value, name))
      entries.push([name, shape.read(value[name], [...path, name], problems)]);
    else if (fallback !== undefined) entries.push([name, fallback]);
    else if (!("optional" in field)) problems.push(misfit(shape, [...path, name], "is missing"));
  }
  return entries;
}

/** A table with a fixed set of keys; every other key is an error with the nearest name. */
export function table<F extends Fields>(fields: F): Shape<TableData<F>> {
  const shape: Shape<TableData<F>> = {
    expected: "a table",
    example: "{}",
    keys: Object.keys(fields),
    accepts: isTable,
    read(value, path, problems) {
      if (!isTable(value)) return refuseKind(shape, value, path, problems);
      const before = problems.length;
      const entries = readFields(fields, value, path, problems);
      if (problems.length > before) return undefined;
      // Every field was read by its own shape, so the entries are what TableData says.
      return Object.fromEntries(entries) as TableData<F>;
    },
  };
  return shape;
}

/** How the names of a map may look. */
export interface NameRule {
  readonly pattern: RegExp;
  /** Noun phrase for messages: "a name of letters, digits, - and _". */
  readonly expected: string;
}

/**
 * A table with names of the user's choice. A Map, because a name may be `__proto__`, and in the
 * order of the file.
 */
export function map<T>(of: Shape<T>, names?: NameRule): Shape<ReadonlyMap<string, T>> {
  const shape: Shape<ReadonlyMap<string, T>> = {
    expected: "a table",
    example: `{ name = ${of.example} }`,
    keys: [],
    accepts: isTable,
    read(value, path, problems) {
      if (!isTable(value)) return refuseKind(shape, value, path, problems);
      const before = problems.length;
      const data = new Map<string, T>();
      for (const [name, item] of Object.entries(value)) {
        const at = [...path, name];
        if (names !== undefined && !names.pattern.test(name))
          problems.push({ ...misfit(shape, at, `must have ${names.expected}`), about: "key" });
        const read = of.read(item, at, problems);
        if (read !== undefined) data.set(name, read);
      }
      return problems.length > before ? undefined : data;
    },
  };
  return shape;
}

/** A list whose elements all have one shape. */
export function list<T>(of: Shape<T>): Shape<readonly T[]> {
  const shape: Shape<readonly T[]> = {
    expected: `a list, each element ${of.expected}`,
    example: `[${of.example}]`,
    keys: [],
    accepts: Array.isArray,
    read(value, path, problems) {
      if (!Array.isArray(value)) return refuseKind(shape, value, path, problems);
      const before = problems.length;
      const data: T[] = [];
      value.forEach((item: unknown, at) => {
        const read = of.read(item, [...path, at], problems);
        if (read !== undefined) data.push(read);
      });
      return problems.length > before ? undefined : data;
    },
  };
  return shape;
}

/** The first of several shapes that accepts the type of the value. Tables: see variant(). */
export function oneOf<S extends readonly Shape<unknown>[]>(...shapes: S): Shape<Infer<S[number]>> {
  const shape: Shape<Infer<S[number]>> = {
    expected: shapes.map((one) => one.expected).join(" or "),
    example: shapes[0]?.example ?? "",
    keys: [],
    accepts: (value) => shapes.some((one) => one.accepts(value)),
    read(value, path, problems) {
      const chosen = shapes.find((one) => one.accepts(value));
      if (chosen === undefined) return refuseKind(shape, value, path, problems);
      // What one of the shapes reads is what that shape infers.
      return chosen.read(value, path, problems) as Infer<S[number]> | undefined;
    },
  };
  return shape;
}

/** A table whose key `tag` says which of several sets of keys it has. */
export function variant<K extends string, V extends Readonly<Record<string, Fields>>>(
  tag: K,
  variants: V,
): Shape<{ [P in keyof V]: { readonly [T in K]: P } & TableData<V[P]> }[keyof V]> {
  type Data = { [P in keyof V]: { readonly [T in K]: P } & TableData<V[P]> }[keyof V];
  const names = Object.keys(variants);
  const shape: Shape<Data> = {
    expected: "a table",
    example: `{ ${tag} = "${names[0] ?? ""}" }`,
    keys: [],
    accepts: isTable,
    read(value, path, problems) {
      if (!isTable(value)) return refuseKind(shape, value, path, problems);
      const kind = Object.hasOwn(value, tag) ? value[tag] : undefined;
      const fields = typeof kind === "string" && Object.hasOwn(variants, kind) && variants[kind];
      if (!fields) {
        const because = kind === undefined ? "is missing" : "has a value that does not exist";
        const problem = misfit(shape, [...path, tag], because);
        const near = typeof kind === "string" ? nearestName(kind.slice(0, 64), names) : undefined;
        const known = `The values are: ${names.join(", ")}`;
        problems.push({ ...problem, hint: near === undefined ? known : `Did you mean ${near}` });
        return undefined;
      }
      const { [tag]: _, ...rest } = value;
      const data = table(fields).read(rest, path, problems);
      // The tag named these fields.
      return data === undefined ? undefined : ({ [tag]: kind, ...data } as Data);
    },
  };
  return shape;
}

/**
 * What `of` reads, turned into something else. A WeirError that `turn` throws becomes a problem at
 * the place of the value, with its own code and hint; it must not quote a secret.
 */
export function convert<T, U extends {} | null>(
  of: Shape<T>,
  turn: (data: T) => U,
  words: { readonly expected?: string; readonly example?: string } = {},
): Shape<U> {
  const shape: Shape<U> = {
    ...of,
    ...words,
    read(value, path, problems) {
      if (!of.accepts(value)) return refuseKind(shape, value, path, problems);
      const data = of.read(value, path, problems);
      if (data === undefined) return undefined;
      try {
        return turn(data);
      } catch (error) {
        if (!(error instanceof WeirError)) throw toWeirError(error);
        const { code, message, hint } = error;
        const because = isSensitive(path)
          ? `must be ${shape.expected}`
          : `is not valid: ${message}`;
        const problem = misfit(shape, path, because);
        problems.push({ ...problem, code, hint: hint ?? problem.hint });
        return undefined;
      }
    },
  };
  return shape;
}
