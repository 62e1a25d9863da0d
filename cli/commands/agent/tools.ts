import { readPolicy } from "../../../lib/agent/open.ts";
import { HTTP_TOOLS } from "../../../lib/agent/tools/index.ts";
import { toolVerdict } from "../../../lib/guard/tool-policy.ts";
import type { AgentCommand } from "./command.ts";
import { sourceOf } from "./source.ts";

/** Prints the tools as a model is shown them. */
export const tools: AgentCommand = {
  name: "tools",
  summary: "Print the tools a model would see, as JSON",
  usage: "",
  flags: [],
  wordLimits: [0, 0],
  run: async (line, io) => {
    const { policy } = await readPolicy(sourceOf(line, io));
    const shown = HTTP_TOOLS.filter(
      ({ name }) => policy.isEnabled && toolVerdict(policy.tools, name) !== "deny",
    ).map(({ name, description, inputSchema, annotations }) => ({
      name,
      description,
      inputSchema,
      annotations,
    }));
    await io.stdout.write(`${JSON.stringify(shown, undefined, 2)}\n`);
    return 0;
  },
};
