import type { Flags } from "../flags.ts";
import type { FlagTable } from "../flags/table.ts";
import type { Io } from "../io.ts";

/** A request as it was typed. */
export interface RequestInvocation {
  readonly takes: "request";
  readonly command: RequestCommand;
  /** Method in upper case; undefined: POST when there is a body, else GET. */
  readonly method: string | undefined;
  /** As typed: `:8080/x`, `host/x` and `://host` are still to be completed. */
  readonly url: string;
  readonly items: readonly string[];
  readonly flags: Flags;
}

/** A command with its words. */
export interface WordsInvocation {
  readonly takes: "words";
  readonly command: WordsCommand;
  readonly words: readonly string[];
  readonly flags: Flags;
}

/** What a command line asks for. */
export type Invocation = RequestInvocation | WordsInvocation;

interface CommandBase {
  readonly name: string;
  /** One line for lists of commands; no final period. */
  readonly summary: string;
  /** What follows the name, in `<value> [optional] {a | b} ...` form. */
  readonly usage: string;
  /** Command lines that show it. */
  readonly examples: readonly string[];
}

/** A command that sends a request. */
export interface RequestCommand extends CommandBase {
  readonly takes: "request";
  /** Method the name stands for. */
  readonly method?: string;
  readonly load: () => Promise<{ run(invocation: RequestInvocation, io: Io): Promise<number> }>;
}

/** A command that takes words, and flags of its own or the few that are common to all commands. */
export interface WordsCommand extends CommandBase {
  readonly takes: "words";
  /** How many words it takes. */
  readonly wordLimits: readonly [least: number, most: number];
  /** The rows of the table it takes; undefined: those common to all commands. */
  readonly flags?: FlagTable;
  /** What its first word may be beside a file; completion offers them. */
  readonly firstWords?: readonly string[];
  /** Manual page that tells more. */
  readonly page?: string;
  /** True: it reads its own flags; `words` is all that follows its name, as typed. */
  readonly hasOwnFlags?: true;
  readonly load: () => Promise<{ run(invocation: WordsInvocation, io: Io): Promise<number> }>;
}

/** One row of the table of commands. */
export type Command = RequestCommand | WordsCommand;
