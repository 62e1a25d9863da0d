import type { AgentSource } from "../../../lib/agent/open.ts";
import type { Network } from "../../../lib/runtime/runtime.ts";
import type { Io } from "../../io.ts";
import { logLine } from "../../plugin-log.ts";
import type { AgentLine } from "./options.ts";

/** Sections of the configuration that no policy reads. */
export const OTHER_AGENT_SECTIONS = ["defaults", "alias", "pipeline"];

/** Returns where the policy of an agent command comes from. */
export function sourceOf(line: AgentLine, io: Io): AgentSource {
  return {
    runtime: { ...io.runtime, network: forManyCalls(io.runtime.network) },
    configPath: line.text("config"),
    otherSections: OTHER_AGENT_SECTIONS,
    warn: (text) => void io.warn(text),
    log(line) {
      const text = logLine(line);
      if (text !== undefined) void io.stderr.write(`${text}\n`).catch(() => undefined);
    },
  };
}

/** Whoever answers for names below a wildcard must not be able to stop the other calls. */
function forManyCalls(network: Network): Network {
  const { resolveMany } = network;
  return resolveMany === undefined ? network : { ...network, resolve: resolveMany };
}
