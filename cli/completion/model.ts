import { COMMANDS } from "../commands/index.ts";
import { FLAGS } from "../flags.ts";
import type { FlagSpec } from "../flags/spec.ts";
import { TOPICS } from "../manual/index.ts";

/** A name with the line that tells about it. */
export interface Named {
  readonly name: string;
  readonly summary: string;
}

/** A command with flags of its own. */
export interface OwnFlags {
  readonly command: string;
  /** What its first word may be, beside a file. */
  readonly words: readonly string[];
  readonly flags: readonly FlagSpec[];
}

/** What a shell is told about weir; every script is made from it. */
export interface CompletionModel {
  readonly commands: readonly Named[];
  /** Commands that take words and only the flags common to all. */
  readonly wordCommands: readonly string[];
  /** What may follow `weir help`. */
  readonly topics: readonly Named[];
  /** What may follow `weir completion`. */
  readonly shells: readonly string[];
  /** Flags of a request. */
  readonly flags: readonly FlagSpec[];
  readonly own: readonly OwnFlags[];
}

/** Returns what is to be told about weir. */
export function completionModel(shells: readonly string[]): CompletionModel {
  const commands = COMMANDS.map(({ name, summary }) => ({ name, summary }));
  const known = new Set(TOPICS.map(({ name }) => name));
  return {
    commands,
    wordCommands: COMMANDS.filter(({ takes }) => takes === "words").map(({ name }) => name),
    topics: [
      ...TOPICS.map(({ name, summary }) => ({ name, summary })),
      ...commands.filter(({ name }) => !known.has(name)),
    ],
    shells,
    flags: FLAGS,
    own: COMMANDS.flatMap((command) =>
      command.takes === "words" && command.flags !== undefined
        ? [
            {
              command: command.name,
              words: command.firstWords ?? [],
              flags: command.flags.rows,
            },
          ]
        : [],
    ),
  };
}

/** Returns every flag once, whichever command takes it; of two of one name that of a request. */
export function everyFlag({ flags, own }: CompletionModel): readonly FlagSpec[] {
  const names = new Set(flags.map(({ name }) => name));
  const others = own.flatMap((one) => one.flags).filter(({ name }) => !names.has(name));
  return [...flags, ...others];
}

/** Returns how a flag may be typed: `-o` and `--output`. */
export function spellings(flag: FlagSpec): readonly string[] {
  return flag.short === undefined ? [`--${flag.name}`] : [`-${flag.short}`, `--${flag.name}`];
}

/** Returns the values a flag may have; undefined when any text will do. */
export function choicesOf(flag: FlagSpec): readonly string[] | undefined {
  return "choices" in flag ? flag.choices : undefined;
}

/** Says whether the flag takes a value. */
export function isValued(flag: FlagSpec): boolean {
  return "label" in flag;
}

/** Says whether the value of a flag is a file. */
export function isFile(flag: FlagSpec): boolean {
  return "shape" in flag && flag.shape === "file";
}
