import type { AgentSource } from "../../../lib/agent/open.ts";
import type { Io } from "../../io.ts";
import type { AgentLine } from "./options.ts";

/** Returns where the policy of an agent command comes from. */
export function sourceOf(line: AgentLine, io: Io): AgentSource {
  return {
    runtime: io.runtime,
    configPath: line.text("config"),
    otherSections: ["defaults", "alias", "plugin"],
  };
}
