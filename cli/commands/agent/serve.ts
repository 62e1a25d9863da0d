import { openAgent } from "../../../lib/agent/open.ts";
import { serveLines } from "../../../lib/agent/serve.ts";
import { USER_AGENT } from "../../version.ts";
import type { AgentCommand } from "./command.ts";
import { sourceOf } from "./source.ts";

/** Answers calls until standard input ends. */
export const serve: AgentCommand = {
  name: "serve",
  summary: "Answer calls, one JSON object a line",
  usage: "",
  flags: [],
  wordLimits: [0, 0],
  run: async (line, io) => {
    const opened = await openAgent(sourceOf(line, io), USER_AGENT);
    try {
      const lines = {
        input: io.runtime.stdin.chunks(),
        write: (text: string) => io.stdout.write(text),
        signal: io.signal,
      };
      await serveLines(opened.agent, lines);
      return 0;
    } finally {
      await opened.close();
    }
  },
};
