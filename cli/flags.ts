import { AUTH_FLAGS } from "./flags/auth.ts";
import { BODY_FLAGS } from "./flags/body.ts";
import { NETWORK_FLAGS } from "./flags/network.ts";
import { OTHER_FLAGS } from "./flags/other.ts";
import { OUTPUT_FLAGS } from "./flags/output.ts";
import type { FlagSpec } from "./flags/spec.ts";

const TABLE = [
  ...BODY_FLAGS,
  ...OUTPUT_FLAGS,
  ...AUTH_FLAGS,
  ...NETWORK_FLAGS,
  ...OTHER_FLAGS,
] as const;

type Row = (typeof TABLE)[number];
type RowOf<N extends FlagName> = Extract<Row, { readonly name: N }>;

/** Name of a flag. */
export type FlagName = Row["name"];

/** Name of a flag that is on or off. */
export type BooleanName = Extract<Row, { readonly kind: "boolean" }>["name"];

/** Name of a flag that is counted. */
export type CountName = Extract<Row, { readonly kind: "count" }>["name"];

/** Name of a flag with one value. */
export type ValueName = Extract<Row, { readonly kind: "value" }>["name"];

/** Name of a flag whose value is a whole number. */
export type IntegerName = Extract<
  Row,
  { readonly kind: "value"; readonly shape: "integer" }
>["name"];

/** Name of a flag that keeps every value. */
export type ListName = Extract<Row, { readonly kind: "list" }>["name"];

/** Text of a flag: one of its choices, if it has any, and never undefined if it has a default. */
export type TextOf<N extends ValueName> =
  | (RowOf<N> extends { readonly choices: readonly (infer C)[] } ? C : string)
  | (RowOf<N> extends { readonly default: string } ? never : undefined);

/** What a flag was given: undefined after `--no-NAME` of one with values. */
export type FlagValue = boolean | number | string | readonly string[] | undefined;

/** Every flag, in the order of the help. Parser, help, completion and `[defaults]` read it. */
export const FLAGS: readonly FlagSpec[] = TABLE;

const BY_NAME: ReadonlyMap<string, FlagSpec> = new Map(FLAGS.map((flag) => [flag.name, flag]));
const BY_SHORT: ReadonlyMap<string, FlagSpec> = new Map(
  FLAGS.flatMap((flag) => (flag.short === undefined ? [] : [[flag.short, flag]])),
);

/** Returns the flag called `--name`, undefined when there is none. */
export function findFlag(name: string): FlagSpec | undefined {
  return BY_NAME.get(name);
}

/** Returns the flag called `-short`, undefined when there is none. */
export function findShort(short: string): FlagSpec | undefined {
  return BY_SHORT.get(short);
}

/** Returns the key of a flag under `[defaults]`: its name with underscores. */
export function configKey(flag: FlagSpec): string {
  return flag.name.replaceAll("-", "_");
}

/** Flags as given, read by name; asking for the wrong kind is a type error. */
export class Flags {
  readonly #given: ReadonlyMap<string, FlagValue>;

  constructor(given: ReadonlyMap<string, FlagValue> = new Map()) {
    this.#given = given;
  }

  /** Says whether the flag was named at all, `--no-NAME` included. */
  isGiven(name: FlagName): boolean {
    return this.#given.has(name);
  }

  /** Returns the names of the flags that were named. */
  names(): readonly string[] {
    return [...this.#given.keys()];
  }

  /** Says whether the flag is on. */
  isSet(name: BooleanName): boolean {
    const spec = findFlag(name);
    const otherwise = spec?.kind === "boolean" && spec.isOn === true;
    const value = this.#given.get(name);
    return typeof value === "boolean" ? value : otherwise;
  }

  /** Returns how often the flag was given. */
  count(name: CountName): number {
    const value = this.#given.get(name);
    return typeof value === "number" ? value : 0;
  }

  /** Returns the text given, else the default of the table. */
  text<N extends ValueName>(name: N): TextOf<N> {
    const spec = findFlag(name);
    const value = this.#given.get(name);
    const text = typeof value === "string" ? value : undefined;
    const otherwise = spec !== undefined && "default" in spec ? spec.default : undefined;
    // True because the parser checked the choices, and a default is one of them (table test).
    return (text ?? otherwise) as TextOf<N>;
  }

  /** Returns the whole number given, else the default of the table. */
  integer(name: IntegerName): number {
    return Number(this.text(name));
  }

  /** Returns every value given, in order. */
  list(name: ListName): readonly string[] {
    const value = this.#given.get(name);
    return Array.isArray(value) ? value : [];
  }

  /** Returns these flags, with those of `below` where nothing was given that replaces them. */
  over(below: Flags): Flags {
    const replaced = new Set(
      [...this.#given].flatMap(([name, value]) => (value ? (findFlag(name)?.replaces ?? []) : [])),
    );
    const kept = [...below.#given].filter(([name]) => !replaced.has(name));
    return new Flags(new Map([...kept, ...this.#given]));
  }
}
