import type { Redactor } from "../base/redact.ts";
import { createPluginClients } from "../client.ts";
import type { LoadedConfig } from "../config/load.ts";
import type { Hooks } from "../hooks/index.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { DialOptions } from "../transport/wire.ts";
import type { AGENT_SECTIONS } from "./settings.ts";

/** What the plugins of an agent are read and run with. */
export interface AgentPluginOptions {
  readonly runtime: Pick<Runtime, "clock" | "network" | "random" | "files" | "env" | "cwd">;
  readonly config: Pick<LoadedConfig<typeof AGENT_SECTIONS>, "section" | "path">;
  readonly redactor: Redactor;
  readonly dial: Omit<DialOptions, "judge">;
  /** Takes warnings, and what plugins log. */
  readonly warn?: ((text: string) => void) | undefined;
}

/**
 * Starts the plugins of the operator's configuration, undefined when it names none. A model can
 * name none, and neither can the command line.
 *
 * Their own requests are judged by the hosts granted to them, never by the model's list. The
 * keychain is not open to them.
 *
 * @throws {WeirError} PLUGIN_INVALID, PLUGIN_UNTRUSTED
 */
export async function openAgentHooks({
  runtime,
  config,
  redactor,
  dial,
  warn = () => undefined,
}: AgentPluginOptions): Promise<Hooks | undefined> {
  const settings = config.section("plugin");
  const { path } = config;
  if (settings === undefined || settings.length === 0 || path === undefined) return undefined;
  const { configuredPlugins } = await import("../hooks/settings.ts");
  const { resolvePlugins } = await import("../hooks/resolve.ts");
  const { openHooks } = await import("../hooks/index.ts");
  const folder = path.slice(0, path.lastIndexOf("/"));
  const requests = await configuredPlugins(settings, folder, runtime);
  const hooks = await openHooks({
    runtime,
    plugins: await resolvePlugins(requests, runtime),
    mode: "agent",
    createClient: createPluginClients({ runtime, dial }),
    hasStandby: true,
    warn,
    log: ({ plugin, level, text }) => {
      if (level !== "debug") warn(redactor.redactText(`${plugin}: ${text}`));
    },
  });
  await hooks.ready();
  return hooks;
}
