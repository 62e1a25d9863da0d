import { envelopeLine } from "../../../lib/agent/envelope.ts";
import { openAgent } from "../../../lib/agent/open.ts";
import { collectBytes } from "../../../lib/base/bytes.ts";
import { ERRORS, messageOf, WeirError } from "../../../lib/base/errors.ts";
import type { Io } from "../../io.ts";
import { USER_AGENT } from "../../version.ts";
import type { AgentCommand } from "./command.ts";
import type { AgentLine } from "./options.ts";
import { sourceOf } from "./source.ts";

/** Answers one call: its own exit status says how it ended. */
export const call: AgentCommand = {
  name: "call",
  summary: "Answer one call, by default from stdin",
  usage: "[json | -]",
  flags: [],
  wordLimits: [0, 1],
  run: async (line, io) => {
    const value = parseCall(await callText(line, io));
    const opened = await openAgent(sourceOf(line, io), USER_AGENT);
    try {
      const envelope = await opened.agent.call(value, io.signal);
      await io.stdout.write(envelopeLine(envelope));
      return envelope.success ? 0 : exitOf(envelope.code);
    } finally {
      await opened.close();
    }
  },
};

function exitOf(code: string): number {
  return Object.entries(ERRORS).find(([name]) => name === code)?.[1].exit ?? 1;
}

async function callText({ words }: AgentLine, { runtime }: Io): Promise<string> {
  const [word = "-"] = words;
  if (word !== "-") return word;
  if (runtime.stdin.kind() === "terminal") {
    throw new WeirError("USAGE_MISSING_VALUE", "No call was given", {
      hint: `Write weir agent call '{"name":"http_get","arguments":{"url":"https://…"}}'`,
    });
  }
  return new TextDecoder().decode(await collectBytes(runtime.stdin.chunks()));
}

function parseCall(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const what = messageOf(error).split("\n")[0] ?? "";
    throw new WeirError("DATA_BAD_CALL", `The call is not JSON: ${what}`, {
      hint: 'Write {"name":"http_get","arguments":{"url":"https://…"}}',
      cause: error,
    });
  }
}
