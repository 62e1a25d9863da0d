import { noCredentials } from "../auth/bound.ts";
import { WeirError } from "../base/errors.ts";
import type { Redactor } from "../base/redact.ts";
import type { LoadedConfig } from "../config/load.ts";
import type { Hooks, PluginLog } from "../hooks/index.ts";
import type { Placeholders, SecretSource } from "../hooks/placeholders.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Keychain } from "../secrets/keychain.ts";
import type { DialOptions } from "../transport/wire.ts";
import { agentPluginClients } from "./plugin-requests.ts";
import type { QuotaStore } from "./quota.ts";
import type { AuditSink } from "./record.ts";
import type { AGENT_SECTIONS } from "./settings.ts";
import type { AgentHooks } from "./tool-hooks.ts";

/** What the plugins of an agent are read and run with. */
export interface AgentPluginOptions {
  readonly runtime: Pick<Runtime, "clock" | "network" | "random" | "files" | "env" | "cwd">;
  readonly config: Pick<LoadedConfig<typeof AGENT_SECTIONS>, "section" | "path">;
  readonly keychain: Keychain;
  readonly redactor: Redactor;
  readonly dial: Omit<DialOptions, "judge">;
  readonly audit: AuditSink;
  readonly quota: QuotaStore;
  readonly warn?: ((text: string) => void) | undefined;
  /** Takes what plugins log. */
  readonly log?: ((line: PluginLog) => void) | undefined;
}

/** The plugins of an agent, and the secrets they were given placeholders of. */
export interface AgentPlugins {
  readonly hooks: Hooks;
  readonly secrets: Placeholders;
}

/**
 * Starts the plugins of the operator's configuration, undefined when it names none. A model can
 * name none, and neither can the command line.
 *
 * Their own requests are judged by the hosts granted to them, never by the model's list; they share
 * quota and audit with the calls. Of the keychain each has the entries that its `[[plugin]]` names.
 *
 * @throws {WeirError} PLUGIN_INVALID, PLUGIN_UNTRUSTED
 */
export async function openAgentHooks(
  options: AgentPluginOptions,
): Promise<AgentPlugins | undefined> {
  const { runtime, config, redactor, dial, audit, quota, warn, log } = options;
  const settings = config.section("plugin");
  const { path } = config;
  if (settings === undefined || settings.length === 0 || path === undefined) return undefined;
  const { configuredPlugins } = await import("../hooks/settings.ts");
  const { resolvePlugins } = await import("../hooks/resolve.ts");
  const { openHooks } = await import("../hooks/index.ts");
  const { Placeholders } = await import("../hooks/placeholders.ts");
  const file = path.startsWith("/") ? path : `${runtime.cwd()}/${path}`;
  const folder = file.slice(0, file.lastIndexOf("/"));
  const requests = await configuredPlugins(settings, folder, runtime);
  const granted = requests.map((request) => ({ ...request, secrets: request.secrets ?? [] }));
  const secrets = new Placeholders(secretSource(options.keychain), (count) =>
    runtime.random(count),
  );
  // A model that was shown a placeholder could write it where a plugin would.
  redactor.learn(secrets.beginning);
  const hooks = await openHooks({
    runtime,
    plugins: await resolvePlugins(granted, runtime),
    mode: "agent",
    createClient: agentPluginClients({
      runtime,
      dial,
      audit,
      quota,
      credentialsOf: (plugin) => secrets.around(noCredentials, plugin),
    }),
    secrets,
    hasStandby: true,
    warn: (text) => warn?.(redactor.redactText(text)),
    log: (line) => log?.({ ...line, text: redactor.redactText(line.text) }),
  });
  await hooks.ready();
  return { hooks, secrets };
}

/** Returns the plugins as the line of a call knows them. */
export function agentHooks({ hooks, secrets }: AgentPlugins): AgentHooks {
  const { tools, chain } = hooks;
  return { tools, chain, holdsPlaceholder: (value) => secrets.isIn(JSON.stringify(value)) };
}

function secretSource(keychain: Keychain): SecretSource {
  return {
    check: async (name) => keychain.checkName(name),
    value: async (name) => await keychain.valueOf(name),
    async written(name, url, encoding) {
      const names = new Map([["value", name]]);
      try {
        return await keychain.fillSecrets("{{secret:value}}", { names, url, encoding });
      } catch (error) {
        if (!(error instanceof WeirError) || error.code !== "SECRET_UNBOUND") throw error;
        // The keychain says where the entry may go, and a model is not told what the policy holds.
        throw new WeirError("SECRET_UNBOUND", `A plugin's secret is not meant for ${url.origin}`, {
          hint: "This is final; the operator can correct hosts of the entry or the plugin",
          cause: error,
        });
      }
    },
  };
}
