import type { FlagSpec } from "./spec.ts";

/** The rows that one command takes, found by name and by letter. */
export class FlagTable {
  /** What stands before the flags: `weir`, `weir run`. */
  readonly program: string;
  /** In the order of the help. */
  readonly rows: readonly FlagSpec[];
  readonly #byName: ReadonlyMap<string, FlagSpec>;
  readonly #byShort: ReadonlyMap<string, FlagSpec>;

  constructor(program: string, rows: readonly FlagSpec[]) {
    this.program = program;
    this.rows = rows;
    this.#byName = new Map(rows.map((flag) => [flag.name, flag]));
    this.#byShort = new Map(
      rows.flatMap((flag) => (flag.short === undefined ? [] : [[flag.short, flag]])),
    );
  }

  /** Returns the flag called `--name`, undefined when there is none. */
  find(name: string): FlagSpec | undefined {
    return this.#byName.get(name);
  }

  /** Returns the flag called `-short`, undefined when there is none. */
  findShort(short: string): FlagSpec | undefined {
    return this.#byShort.get(short);
  }
}
