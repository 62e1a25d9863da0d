import { parseArgs } from "node:util";
import { messageOf, WeirError } from "../../../lib/base/errors.ts";
import { nearestName } from "../../../lib/base/nearest.ts";

/** A flag of one agent command. */
export interface AgentFlag {
  readonly name: string;
  /** Name of the value in the help; undefined for a switch. */
  readonly label?: string;
  readonly isRepeatable?: true;
  readonly help: string;
}

/** What was typed after `weir agent COMMAND`. */
export interface AgentLine {
  readonly words: readonly string[];
  text(name: string): string | undefined;
  list(name: string): readonly string[];
  isSet(name: string): boolean;
}

/** Flags that every agent command takes. */
export const COMMON_AGENT_FLAGS: readonly AgentFlag[] = [
  { name: "config", label: "FILE", help: "Read the policy from FILE" },
  { name: "debug", help: "After an error, print its causes and the stack" },
];

/**
 * Reads flags and words by a table.
 *
 * @throws {WeirError} USAGE_UNKNOWN_FLAG, USAGE_MISSING_VALUE
 */
export function readAgentLine(argv: readonly string[], flags: readonly AgentFlag[]): AgentLine {
  const all = [...flags, ...COMMON_AGENT_FLAGS];
  const options = Object.fromEntries(
    all.map(({ name, label, isRepeatable }) => [
      name,
      {
        type: label === undefined ? "boolean" : "string",
        multiple: isRepeatable === true,
      } as const,
    ]),
  );
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true });
    return {
      words: positionals,
      text: (name) => {
        const value = values[name];
        return typeof value === "string" ? value : undefined;
      },
      list: (name) => {
        const value = values[name];
        return Array.isArray(value) ? value.map(String) : [];
      },
      isSet: (name) => values[name] === true,
    };
  } catch (error) {
    throw badLine(error, all);
  }
}

function badLine(error: unknown, flags: readonly AgentFlag[]): WeirError {
  const message = messageOf(error).split(". ")[0]?.split("\n")[0] ?? "";
  const typed = /'(-[^'=]*)/.exec(message)?.[1] ?? "";
  const names = flags.map(({ name }) => `--${name}`);
  const known = flags.find(({ name }) => typed.endsWith(name));
  if (known !== undefined) {
    return new WeirError(
      "USAGE_MISSING_VALUE",
      `Flag --${known.name} lacks its value or takes none`,
      {
        hint: `Write --${known.name}${known.label === undefined ? "" : `=${known.label}`}`,
      },
    );
  }
  const near = nearestName(typed.slice(0, 40), names);
  return new WeirError("USAGE_UNKNOWN_FLAG", `Unknown flag ${typed}`, {
    hint: near === undefined ? `There are: ${names.join(", ")}` : `Did you mean ${near}?`,
  });
}
