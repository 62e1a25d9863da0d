import { WeirError } from "../lib/base/errors.ts";
import { nearestName } from "../lib/base/nearest.ts";
import type { Command } from "./commands/command.ts";
import { COMMANDS, DEFAULT_COMMAND, findCommand } from "./commands/index.ts";
import { EVAL_TABLE, FLAGS, REQUEST_FLAGS, RUN_TABLE } from "./flags.ts";
import type { FlagSpec } from "./flags/spec.ts";
import { fillText, twoColumns } from "./layout.ts";
import { findTopic, TOPICS } from "./manual/index.ts";
import {
  flagName,
  type Registered,
  registerCommands,
  type RegisteredGroup,
  registerFlags,
} from "./registry.ts";

/** Columns of the widest `-x, --flag <VALUE>`; a test keeps the table below it. */
const NAME_WIDTH = 29;

const TITLE = "weir: HTTP requests from the command line";

const MORE = `Every flag can be taken back with --no-FLAG, for example --no-check-status.
A flag's value stands behind a space or =, and -- ends the flags.

weir --help     what each flag does and why, with examples
weir help       commands and manual pages`;

/** Returns where to go on from the help of a command. */
function moreOn(command: Command): string {
  if (command.takes === "request" || command.page === undefined) return MORE;
  const rows = [
    ...(command.flags === undefined
      ? []
      : [[`weir ${command.name} --help`, "what each flag does and why, with examples"]]),
    [`weir help ${command.page}`, "the manual page"],
  ];
  return rows.map(([name = "", text]) => `${name.padEnd(22)}  ${text}`).join("\n");
}

/** Returns what `weir help` prints: commands, topics and where to go on. */
export function overviewText(): string {
  const cli = registerCommands();
  return sections([
    TITLE,
    usage(cli.commands.filter(({ name }) => name === "")),
    `Commands:\n${commandRows(cli.commands)}`,
    `Manual pages (weir help PAGE):\n${twoColumns(
      TOPICS.map(({ name, summary }) => [name, summary]),
      NAME_WIDTH,
    )}`,
    twoColumns(
      [
        ["weir -h", "every flag in one line"],
        ["weir --help", "every flag in full"],
        ["weir help COMMAND", "one command"],
        ["weir help FLAG", "one flag"],
      ],
      NAME_WIDTH,
    ),
  ]);
}

/** Returns what `-h` and `--help` print, of weir itself when no command is named. */
export function commandText(command: Command | undefined, length: "short" | "long"): string {
  const subject = command ?? DEFAULT_COMMAND;
  const cli = registerCommands();
  const registered = cli.commands.find((one) => one.isMatched(subject.name));
  if (registered === undefined) throw new WeirError("INTERNAL", `cac lost ${subject.name}`);
  const groups = registerFlags(registered, subject);
  return sections([
    command === undefined ? TITLE : registered.description,
    usage([registered]),
    command === undefined ? `Commands:\n${commandRows(cli.commands)}` : "",
    `Examples:\n${registered.examples.map((example) => `  ${String(example)}`).join("\n")}`,
    ...groups.map(length === "short" ? shortGroup : longGroup),
    moreOn(subject),
  ]);
}

/**
 * Returns what `weir help NAME` prints: a manual page, a command or a flag of that name.
 *
 * @throws {WeirError} USAGE_UNKNOWN_TOPIC with the nearest name
 */
export function namedText(name: string): string {
  const topic = findTopic(name);
  if (topic !== undefined) return topic.text();
  const command = findCommand(name);
  if (command !== undefined) return commandText(command, "long");
  const flag = flagCalled(name.replace(/^(--)?(no-)?/, ""));
  if (flag !== undefined) return `${longFlag(flag)}\n`;
  const names = [...TOPICS, ...COMMANDS, ...FLAGS, ...RUN_TABLE.rows].map((one) => one.name);
  const near = nearestName(name.slice(0, 40), names);
  throw new WeirError("USAGE_UNKNOWN_TOPIC", `No help on ${name}`, {
    hint: near === undefined ? "weir help lists what there is" : `Did you mean weir help ${near}?`,
    details: near === undefined ? { topic: name } : { topic: name, nearest: near },
  });
}

/** Flags of a request come first: those of the same name elsewhere stand in the help of the command. */
function flagCalled(name: string): FlagSpec | undefined {
  return REQUEST_FLAGS.find(name) ?? RUN_TABLE.find(name) ?? EVAL_TABLE.find(name);
}

function usage(commands: readonly Registered[]): string {
  const lines = commands.map(({ usageText = "" }) => `Usage: ${usageText}`);
  return [...lines, ...(commands[0]?.name === "" ? ["       weir <command> [word ...]"] : [])].join(
    "\n",
  );
}

function commandRows(commands: readonly Registered[]): string {
  const named = commands.filter(({ name }) => name !== "");
  return twoColumns(
    named.map(({ name, description }) => [name, description]),
    NAME_WIDTH,
  );
}

function shortGroup({ title, flags }: RegisteredGroup): string {
  const rows = flags.map(({ option }) => [indented(option.rawName), option.description] as const);
  return `${title}:\n${twoColumns(rows, NAME_WIDTH)}`;
}

function longGroup({ title, flags }: RegisteredGroup): string {
  return `${title}:\n\n${flags.map(({ flag }) => longFlag(flag)).join("\n\n")}`;
}

/** Long names stand below each other, behind the room of a short one. */
function indented(rawName: string): string {
  return rawName.startsWith("--") ? `    ${rawName}` : rawName;
}

function longFlag(flag: FlagSpec): string {
  const facts = [
    "choices" in flag ? `One of: ${flag.choices?.join(", ")}` : "",
    defaultOf(flag),
    flag.example === undefined ? "" : `Example: ${flag.example}`,
  ].filter((fact) => fact !== "");
  return [
    `  ${flagName(flag)}`,
    fillText(`${flag.help}.`, 6),
    "",
    fillText(flag.long, 6),
    "",
    ...facts.map((fact) => `      ${fact}`),
  ].join("\n");
}

function defaultOf(flag: FlagSpec): string {
  if (flag.otherwise !== undefined) return `Default: ${flag.otherwise}`;
  if (flag.kind === "boolean" && flag.isOn === true) return "Default: on";
  const value = "default" in flag ? flag.default : undefined;
  return value === undefined ? "" : `Default: ${value}`;
}

function sections(parts: readonly string[]): string {
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}
