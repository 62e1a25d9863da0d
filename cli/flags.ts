import { AUTH_FLAGS } from "./flags/auth.ts";
import { BODY_FLAGS } from "./flags/body.ts";
import { NETWORK_FLAGS } from "./flags/network.ts";
import { OTHER_FLAGS } from "./flags/other.ts";
import { OUTPUT_FLAGS } from "./flags/output.ts";
import { EVAL_FLAGS, RUN_FLAGS } from "./flags/run.ts";
import type { FlagSpec } from "./flags/spec.ts";
import { FlagTable } from "./flags/table.ts";

const TABLE = [
  ...BODY_FLAGS,
  ...OUTPUT_FLAGS,
  ...AUTH_FLAGS,
  ...NETWORK_FLAGS,
  ...OTHER_FLAGS,
] as const;

type Row = (typeof TABLE)[number] | (typeof RUN_FLAGS)[number] | (typeof EVAL_FLAGS)[number];
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

/** Every flag of a request, in the order of the help. Parser, help, completion and `[defaults]` read it. */
export const FLAGS: readonly FlagSpec[] = TABLE;

/** Flags of commands that send one request; those common to all commands are among them. */
export const REQUEST_FLAGS = new FlagTable("weir", FLAGS);

const COMMON = FLAGS.filter((flag) => flag.isCommon === true);

/** Flags of `weir run`. */
export const RUN_TABLE = new FlagTable("weir run", [
  ...RUN_FLAGS,
  ...FLAGS.filter((flag) => flag.isOfRuns === true),
  ...COMMON,
]);

/** Flags of `weir eval`. */
export const EVAL_TABLE = new FlagTable("weir eval", [...EVAL_FLAGS, ...COMMON]);

/** Returns the key of a flag under `[defaults]`: its name with underscores. */
export function configKey(flag: FlagSpec): string {
  return flag.name.replaceAll("-", "_");
}

/** Flags as given, read by name; asking for the wrong kind is a type error. */
export class Flags {
  readonly #given: ReadonlyMap<string, FlagValue>;
  readonly #table: FlagTable;

  constructor(given: ReadonlyMap<string, FlagValue> = new Map(), table = REQUEST_FLAGS) {
    this.#given = given;
    this.#table = table;
  }

  /** Returns those of these flags that stand in `table` and are `wanted`, as flags of its command. */
  within(table: FlagTable, wanted: (flag: FlagSpec) => boolean): Flags {
    const known = [...this.#given].filter(([name]) => {
      const flag = table.find(name);
      return flag !== undefined && wanted(flag);
    });
    return new Flags(new Map(known), table);
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
    const spec = this.#table.find(name);
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
    const spec = this.#table.find(name);
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
      [...this.#given].flatMap(([name, value]) =>
        value ? (this.#table.find(name)?.replaces ?? []) : [],
      ),
    );
    const kept = [...below.#given].filter(([name]) => !replaced.has(name));
    return new Flags(new Map([...kept, ...this.#given]), this.#table);
  }
}
