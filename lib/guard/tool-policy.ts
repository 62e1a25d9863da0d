/** What the policy says of a tool. */
export type ToolVerdict = "allow" | "supervised" | "deny";

/** The table `[security.tool_policy]` as it is written. */
export interface ToolPolicyInput {
  readonly default?: string | undefined;
  readonly tools?: Readonly<Record<string, string>> | undefined;
}

/** `[security.tool_policy]`, read. */
export interface ToolPolicy {
  readonly byDefault: ToolVerdict;
  readonly tools: ReadonlyMap<string, ToolVerdict>;
}

/** Tools that follow another one when the table does not name them. */
const FOLLOWS: ReadonlyMap<string, string> = new Map([["http_get", "http_request"]]);

/**
 * Returns the table, read: without one every tool is allowed, with one `default` is supervised
 * unless it says otherwise. An unknown word denies.
 */
export function readToolPolicy(input: ToolPolicyInput | undefined): ToolPolicy {
  if (input === undefined) return { byDefault: "allow", tools: new Map() };
  const tools = Object.entries(input.tools ?? {}).map(
    ([name, word]) => [name, readWord(word)] as const,
  );
  return { byDefault: readWord(input.default ?? "supervised"), tools: new Map(tools) };
}

function readWord(word: string): ToolVerdict {
  return word === "allow" || word === "supervised" ? word : "deny";
}

/** Returns what the policy says of `tool`. */
export function toolVerdict({ tools, byDefault }: ToolPolicy, tool: string): ToolVerdict {
  return tools.get(tool) ?? tools.get(FOLLOWS.get(tool) ?? "") ?? byDefault;
}
