import { cac, type CAC } from "cac";
import { WeirError } from "../lib/base/errors.ts";
import { usageOf, COMMANDS, DEFAULT_COMMAND } from "./commands/index.ts";
import type { Command } from "./commands/command.ts";
import { FLAGS } from "./flags.ts";
import { FLAG_GROUPS, type FlagGroup, type FlagSpec } from "./flags/spec.ts";

/** A command as cac holds it. */
export type Registered = CAC["commands"][number];

/** A flag, and the option cac made of it. */
export interface RegisteredFlag {
  readonly flag: FlagSpec;
  readonly option: Registered["options"][number];
}

/** The flags of one command under one heading. */
export interface RegisteredGroup {
  readonly title: FlagGroup;
  readonly flags: readonly RegisteredFlag[];
}

/**
 * Registers every command with cac, for the help alone.
 *
 * What is typed never passes through cac: it casts `007` to 7 and takes words for values. Options
 * are registered for the one command whose help is wanted, since 400 of them take milliseconds.
 */
export function registerCommands(): CAC {
  const cli = cac("weir");
  for (const command of [DEFAULT_COMMAND, ...COMMANDS]) {
    const registered = cli.command(command.name, command.summary).usage(usageOf(command));
    for (const example of command.examples) registered.example(example);
  }
  return cli;
}

/** Registers the flags of `command` and returns them by heading. */
export function registerFlags(registered: Registered, command: Command): RegisteredGroup[] {
  const taken = takenBy(command);
  const groups = FLAG_GROUPS.map((title) => ({
    title,
    flags: taken.filter(({ group }) => group === title).map((flag) => register(registered, flag)),
  }));
  return groups.filter(({ flags }) => flags.length > 0);
}

/** Returns the flags that `command` takes, in the order of the help. */
function takenBy(command: Command): readonly FlagSpec[] {
  if (command.takes === "request") return FLAGS;
  return command.flags?.rows ?? FLAGS.filter((flag) => flag.isCommon === true);
}

function register(registered: Registered, flag: FlagSpec): RegisteredFlag {
  const rawName = flagName(flag);
  registered.option(rawName, flag.help);
  const option = registered.options.at(-1);
  if (option === undefined) throw new WeirError("INTERNAL", `cac did not take ${rawName}`);
  return { flag, option };
}

/** Returns how a flag is written in the help: `-o, --output <FILE>`. */
export function flagName(flag: FlagSpec): string {
  const short = flag.short === undefined ? "" : `-${flag.short}, `;
  const label = "label" in flag ? ` <${flag.label}>` : "";
  return `${short}--${flag.name}${label}`;
}
