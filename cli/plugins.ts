import { type CredentialStore, noCredentials } from "../lib/auth/bound.ts";
import type { ClientOptions, RequestWatch } from "../lib/client.ts";
import { type Hooks, openHooks, type PluginLog } from "../lib/hooks/index.ts";
import type { PluginClientFactory } from "../lib/hooks/plugin-http.ts";
import { Placeholders } from "../lib/hooks/placeholders.ts";
import { parsePluginFlags, type PluginRequest, resolvePlugins } from "../lib/hooks/resolve.ts";
import type { HookMode } from "../lib/hooks/runner.ts";
import type { Processes } from "../lib/runtime/processes.ts";
import type { Flags } from "./flags.ts";
import type { Io } from "./io.ts";
import { type CommandSecrets, commandSecrets } from "./keychain.ts";
import { logLine } from "./plugin-log.ts";

/** What the plugins of one command have to do with. */
export interface PluginContext {
  readonly dial: ClientOptions["dial"];
  readonly io: Io;
  /** Watches over the requests of plugins beside their own guard. */
  readonly watch?: RequestWatch | undefined;
  /** Processes whose first child has been started already. */
  readonly processes?: Processes | undefined;
}

/** Plugins that run, and the secrets they were given placeholders of. */
export interface OpenPlugins {
  readonly hooks: Hooks;
  readonly secrets: Placeholders;
}

/** Returns the hosts in the values of `--allow-net`. */
export function splitHosts(values: readonly string[]): readonly string[] {
  return values.flatMap((value) => value.split(",")).filter((host) => host !== "");
}

/**
 * Returns what makes the clients of plugins, which is loaded when one of them asks for something.
 *
 * @param around plugins that run around these requests: those of `--plugin` around a script's
 */
export function lazyClients(
  { dial, io, watch }: PluginContext,
  secrets: Placeholders,
  around?: OpenPlugins,
): PluginClientFactory {
  const credentialsOf = (plugin: string): CredentialStore => {
    const own = secrets.around(noCredentials, plugin);
    return around === undefined ? own : around.secrets.around(own);
  };
  const shared = { runtime: io.runtime, dial, credentialsOf, hooks: around?.hooks.chain, watch };
  return (guard, plugin) => {
    const made = import("../lib/client.ts").then(({ createPluginClients }) =>
      createPluginClients(shared)(guard, plugin),
    );
    return {
      perform: async (draft, options) => await (await made).perform(draft, options),
      close: () => void made.then((client) => client.close()),
    };
  };
}

/** How plugins run. */
export interface PluginSetting {
  readonly mode: HookMode;
  /** Of the pipeline's run. */
  readonly runId?: string | undefined;
  /** True: the body of the response is not shown to plugins. */
  readonly isStreamed: boolean;
  readonly secrets: CommandSecrets;
  readonly warn: (text: string) => void;
  /** Levels of what plugins log that are left out. */
  readonly hidden?: readonly PluginLog["level"][] | undefined;
  /** Takes a line that a plugin logged. */
  readonly say: (line: string) => void;
}

/**
 * Starts the plugins of the configuration and of `--plugin`.
 *
 * @throws {WeirError} PLUGIN_INVALID, PLUGIN_UNTRUSTED, CONFIG_*, USAGE_BAD_VALUE
 */
export async function openPlugins(
  flags: Flags,
  configured: readonly PluginRequest[],
  context: PluginContext,
): Promise<OpenPlugins> {
  const { io } = context;
  return await startPlugins([...configured, ...flaggedPlugins(flags)], context, {
    mode: "raw",
    isStreamed: flags.isSet("download") || flags.isSet("stream"),
    secrets: commandSecrets({
      io,
      configPath: flags.text("config"),
      dial: () => Promise.resolve(context.dial),
    }),
    warn: (text) => void io.warn(text),
    hidden: hiddenLevels(flags.count("quiet")),
    say: (line) => void io.stderr.write(`${line}\n`).catch(() => undefined),
  });
}

/** As for weir's own lines: `-q` leaves warnings and errors, `-qq` errors. */
function hiddenLevels(quiets: number): readonly PluginLog["level"][] {
  return quiets === 0 ? [] : quiets === 1 ? ["info"] : ["info", "warn"];
}

/** Returns the plugins of `--plugin`, with the hosts of `--allow-net`. */
export function flaggedPlugins(flags: Flags): readonly PluginRequest[] {
  return parsePluginFlags(flags.list("plugin"), splitHosts(flags.list("allow-net")));
}

/**
 * Starts plugins.
 *
 * @throws {WeirError} PLUGIN_INVALID, PLUGIN_UNTRUSTED, CONFIG_*
 */
export async function startPlugins(
  requests: readonly PluginRequest[],
  context: PluginContext,
  setting: PluginSetting,
): Promise<OpenPlugins> {
  const { runtime } = context.io;
  const { mode, runId, isStreamed, warn, hidden = [], say } = setting;
  const { source, redactor } = setting.secrets;
  const secrets = new Placeholders(source, (count) => runtime.random(count));
  const hooks = await openHooks({
    runtime,
    plugins: await resolvePlugins(requests, runtime),
    mode,
    runId,
    createClient: lazyClients(context, secrets),
    secrets,
    processes: context.processes,
    isStreamed,
    warn,
    log(line) {
      if (hidden.includes(line.level)) return;
      const text = logLine({ ...line, text: redactor.redactText(line.text) });
      if (text !== undefined) say(text);
    },
  });
  // Begins to load them; what is wrong with one is thrown where its answer is waited for.
  hooks.ready().catch(() => undefined);
  return { hooks, secrets };
}
