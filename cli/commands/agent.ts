import { WeirError } from "../../lib/base/errors.ts";
import { nearestName } from "../../lib/base/nearest.ts";
import type { Io } from "../io.ts";
import { twoColumns } from "../layout.ts";
import { audit } from "./agent/audit.ts";
import { call } from "./agent/call.ts";
import { check } from "./agent/check.ts";
import type { AgentCommand } from "./agent/command.ts";
import { COMMON_AGENT_FLAGS, readAgentLine } from "./agent/options.ts";
import { serve } from "./agent/serve.ts";
import { tools } from "./agent/tools.ts";
import type { WordsInvocation } from "./command.ts";

/** Every agent command, in the order of the help. A new one is a file and a row here. */
export const AGENT_COMMANDS: readonly AgentCommand[] = [call, serve, tools, check, audit];

/** Columns of the widest flag or command in the help. */
const NAME_WIDTH = 29;

/**
 * Runs `weir agent COMMAND`.
 *
 * @throws {WeirError} USAGE_*, CONFIG_*, AUDIT_*
 */
export async function run({ words }: WordsInvocation, io: Io): Promise<number> {
  const [name, ...rest] = words;
  if (name === undefined || name === "--help" || name === "-h") {
    await io.stdout.write(agentHelp());
    return 0;
  }
  const command = AGENT_COMMANDS.find((one) => one.name === name);
  if (command === undefined) throw unknownCommand(name);
  if (rest.includes("--help") || rest.includes("-h")) {
    await io.stdout.write(commandHelp(command));
    return 0;
  }
  const line = readAgentLine(rest, command.flags);
  checkWords(command, line.words);
  return await command.run(line, io);
}

function checkWords(command: AgentCommand, words: readonly string[]): void {
  const [least, most] = command.wordLimits;
  const hint = `Usage: ${usageOf(command)}`;
  if (words.length < least) {
    throw new WeirError("USAGE_MISSING_VALUE", `weir agent ${command.name} lacks a word`, { hint });
  }
  const extra = words[most];
  if (extra === undefined) return;
  const shown = JSON.stringify(extra.slice(0, 80));
  throw new WeirError("USAGE_BAD_VALUE", `weir agent ${command.name} has no use for ${shown}`, {
    hint,
  });
}

function usageOf({ name, usage }: AgentCommand): string {
  return `weir agent ${name} [flag ...] ${usage}`.trimEnd();
}

function agentHelp(): string {
  const rows = AGENT_COMMANDS.map(({ name, summary }) => [name, summary] as const);
  return `Answer the HTTP calls of a language model, by a policy

Usage: weir agent <command> [word ...]

Commands:
${twoColumns(rows, NAME_WIDTH)}

weir agent COMMAND --help   its flags
weir help agent             how to write a policy, and what it guards
`;
}

function commandHelp(command: AgentCommand): string {
  const flags = [...command.flags, ...COMMON_AGENT_FLAGS].map(
    ({ name, label, help }) =>
      [`--${name}${label === undefined ? "" : ` <${label}>`}`, help] as const,
  );
  return `${command.summary}\n\nUsage: ${usageOf(command)}\n\nFlags:\n${twoColumns(flags, NAME_WIDTH)}\n`;
}

function unknownCommand(name: string): WeirError {
  const names = AGENT_COMMANDS.map((one) => one.name);
  const near = nearestName(name.slice(0, 40), names);
  const shown = JSON.stringify(name.slice(0, 80));
  return new WeirError("USAGE_UNKNOWN_COMMAND", `weir agent has no command ${shown}`, {
    hint: near === undefined ? `There are: ${names.join(", ")}` : `Did you mean ${near}?`,
  });
}
