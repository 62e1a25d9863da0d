import { WeirError } from "../lib/base/errors.ts";
import { nearestName } from "../lib/base/nearest.ts";
import { Flags, REQUEST_FLAGS, type FlagValue } from "./flags.ts";
import type { FlagSpec, ValuedFlag } from "./flags/spec.ts";
import type { FlagTable } from "./flags/table.ts";

/** A command line taken apart. */
export interface Tokens {
  readonly flags: Flags;
  /** Everything that is neither a flag nor the value of one, in order and as typed. */
  readonly words: readonly string[];
  /** How many of the words stand before `--`; the ones behind it are never commands. */
  readonly plainCount: number;
}

/** Arguments, and a place in them: a flag with a value takes the next one away. */
interface Cursor {
  readonly argv: readonly string[];
  readonly table: FlagTable;
  at: number;
}

type Given = Map<string, FlagValue>;

/**
 * Takes `argv` apart by a table of flags.
 *
 * Flags stand anywhere before `--`. A value is the next argument, whatever it looks like, or what
 * follows `=`, or the rest of a bundle of short flags: nothing is cast, trimmed or guessed at.
 *
 * @throws {WeirError} USAGE_UNKNOWN_FLAG, USAGE_MISSING_VALUE or USAGE_BAD_VALUE
 */
export function tokenize(argv: readonly string[], table: FlagTable = REQUEST_FLAGS): Tokens {
  const cursor: Cursor = { argv, table, at: 0 };
  const given: Given = new Map();
  const words: string[] = [];
  for (let argument = next(cursor); argument !== undefined; argument = next(cursor)) {
    if (argument === "--") {
      const rest = argv.slice(cursor.at);
      const flags = new Flags(given, table);
      return { flags, words: [...words, ...rest], plainCount: words.length };
    }
    if (argument.startsWith("--")) readLong(argument, cursor, given);
    else if (argument.startsWith("-") && argument !== "-") readBundle(argument, cursor, given);
    else words.push(argument);
  }
  return { flags: new Flags(given, table), words, plainCount: words.length };
}

function next(cursor: Cursor): string | undefined {
  const argument = cursor.argv[cursor.at];
  cursor.at += 1;
  return argument;
}

/** Reads `--name`, `--name=value`, `--name value` or `--no-name`. */
function readLong(argument: string, cursor: Cursor, given: Given): void {
  const equals = argument.indexOf("=");
  const name = argument.slice(2, equals < 0 ? undefined : equals);
  const inline = equals < 0 ? undefined : argument.slice(equals + 1);
  const flag = cursor.table.find(name);
  if (flag === undefined) return readNegation(name, inline, cursor.table, given);
  if (flag.kind === "value" || flag.kind === "list") {
    return give(flag, inline ?? next(cursor), given);
  }
  refuseValue(name, inline);
  setSwitch(flag, given);
}

function readNegation(
  name: string,
  inline: string | undefined,
  table: FlagTable,
  given: Given,
): void {
  const flag = name.startsWith("no-") ? table.find(name.slice(3)) : undefined;
  if (flag === undefined) throw unknownLong(name, table);
  refuseValue(name, inline);
  given.set(flag.name, { boolean: false, count: 0, value: undefined, list: [] }[flag.kind]);
}

/** Reads `-f`, `-fv`, `-oFILE`, `-o=FILE` or `-o FILE`; a flag with a value ends the bundle. */
function readBundle(argument: string, cursor: Cursor, given: Given): void {
  const letters = Array.from(argument.slice(1));
  for (const [at, letter] of letters.entries()) {
    const flag = cursor.table.findShort(letter);
    if (flag === undefined) throw unknownShort(letter, argument, cursor.table);
    if (flag.kind === "value" || flag.kind === "list") {
      const rest = letters.slice(at + 1).join("");
      const attached = rest.startsWith("=") ? rest.slice(1) : rest;
      return give(flag, rest === "" ? next(cursor) : attached, given);
    }
    setSwitch(flag, given);
  }
}

function setSwitch(flag: FlagSpec, given: Given): void {
  const count = given.get(flag.name);
  replaceOthers(flag, given);
  given.set(flag.name, flag.kind === "count" ? (typeof count === "number" ? count : 0) + 1 : true);
}

function give(flag: ValuedFlag, value: string | undefined, given: Given): void {
  if (value === undefined) {
    throw new WeirError("USAGE_MISSING_VALUE", `Flag --${flag.name} lacks its value`, {
      hint: `Write --${flag.name} <${flag.label}>`,
      details: { flag: flag.name },
    });
  }
  checkValue(flag, value);
  replaceOthers(flag, given);
  const before = given.get(flag.name);
  const all = Array.isArray(before) ? before : [];
  given.set(flag.name, flag.kind === "list" ? [...all, value] : value);
}

function replaceOthers(flag: FlagSpec, given: Given): void {
  for (const other of flag.replaces ?? []) given.delete(other);
}

/**
 * Throws unless `value` is one that `flag` can take.
 *
 * @param code what a wrong one is refused with: the caller knows where it stood
 * @throws {WeirError} `code`
 */
export function checkValue(
  flag: ValuedFlag,
  value: string,
  code: "USAGE_BAD_VALUE" | "CONFIG_INVALID" = "USAGE_BAD_VALUE",
): void {
  const { choices, name } = flag;
  // A longer row of digits would lose some of them as a number.
  const isInteger = flag.shape !== "integer" || /^\d{1,15}$/.test(value);
  if (isInteger && (choices === undefined || choices.includes(value))) return;
  const near = nearestName(value.slice(0, 40), choices ?? []);
  const meant = near === undefined ? "" : `Did you mean ${near}? `;
  throw new WeirError(code, `Flag --${name} cannot be ${JSON.stringify(value)}`, {
    hint:
      choices === undefined
        ? `Write a whole number, such as --${name} ${flag.default ?? "10"}`
        : `${meant}Choose one of: ${choices.join(", ")}`,
    details: choices === undefined ? { flag: name } : { flag: name, choices },
  });
}

function refuseValue(name: string, inline: string | undefined): void {
  if (inline === undefined) return;
  const opposite = name.startsWith("no-") ? name.slice(3) : `no-${name}`;
  throw new WeirError("USAGE_BAD_VALUE", `Flag --${name} takes no value`, {
    hint: `Write --${name}, or --${opposite} for the opposite`,
    details: { flag: name },
  });
}

const DASH_HINT = "put -- before an item or URL that begins with a dash";

function unknownLong(name: string, { rows, program }: FlagTable): WeirError {
  const names = rows.flatMap((flag) => [flag.name, `no-${flag.name}`]);
  // The search is quadratic, and no flag is that long.
  const near = name.length > 40 ? undefined : nearestName(name, names);
  return new WeirError("USAGE_UNKNOWN_FLAG", `Unknown flag --${name}`, {
    hint: near === undefined ? `See ${program} --help, or ${DASH_HINT}` : `Did you mean --${near}?`,
    details: near === undefined ? { flag: name } : { flag: name, nearest: near },
  });
}

function unknownShort(letter: string, argument: string, table: FlagTable): WeirError {
  const long = table.find(argument.slice(1).replace(/^no-|=.*$/gs, ""));
  // The rest of the argument is not quoted: in another program it may have been a password.
  return new WeirError("USAGE_UNKNOWN_FLAG", `Unknown flag -${letter}`, {
    hint:
      long === undefined
        ? `See ${table.program} -h, or ${DASH_HINT}`
        : `Did you mean --${long.name}?`,
    details: { flag: letter },
  });
}
