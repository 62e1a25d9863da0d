import { type CredentialStore, noCredentials } from "../lib/auth/bound.ts";
import { sanitizeLine } from "../lib/base/sanitize.ts";
import type { ClientOptions } from "../lib/client.ts";
import { type Hooks, openHooks, type PluginLog } from "../lib/hooks/index.ts";
import type { PluginClientFactory } from "../lib/hooks/plugin-http.ts";
import { Placeholders } from "../lib/hooks/placeholders.ts";
import { parsePluginFlags, type PluginRequest, resolvePlugins } from "../lib/hooks/resolve.ts";
import type { Processes } from "../lib/runtime/processes.ts";
import type { Flags } from "./flags.ts";
import type { Io } from "./io.ts";
import { commandSecrets } from "./keychain.ts";

/** What the plugins of one command have to do with. */
export interface PluginContext {
  readonly dial: ClientOptions["dial"];
  readonly io: Io;
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
  { dial, io }: PluginContext,
  secrets: Placeholders,
  around?: OpenPlugins,
): PluginClientFactory {
  const credentialsOf = (plugin: string): CredentialStore => {
    const own = secrets.around(noCredentials, plugin);
    return around === undefined ? own : around.secrets.around(own);
  };
  const shared = { runtime: io.runtime, dial, credentialsOf, hooks: around?.hooks.chain };
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
  const { source, redactor } = commandSecrets({
    io,
    configPath: flags.text("config"),
    dial: () => Promise.resolve(context.dial),
  });
  const secrets = new Placeholders(source, (count) => io.runtime.random(count));
  const net = splitHosts(flags.list("allow-net"));
  const requests = [...configured, ...parsePluginFlags(flags.list("plugin"), net)];
  const hooks = await openHooks({
    runtime: io.runtime,
    plugins: await resolvePlugins(requests, io.runtime),
    mode: "raw",
    createClient: lazyClients(context, secrets),
    secrets,
    processes: context.processes,
    isStreamed: flags.isSet("download") || flags.isSet("stream"),
    warn: (text) => void io.warn(text),
    log: (line) => writeLog({ ...line, text: redactor.redactText(line.text) }, io),
  });
  // Begins to load them; what is wrong with one is thrown where its answer is waited for.
  hooks.ready().catch(() => undefined);
  return { hooks, secrets };
}

/** Writes a line of a plugin to standard error; lines for debugging are left out. */
export function writeLog({ plugin, level, text }: PluginLog, io: Io): void {
  if (level === "debug") return;
  const word = level === "info" ? "" : `${level === "warn" ? "warning" : level}: `;
  void io.stderr.write(`${plugin}: ${word}${sanitizeLine(text)}\n`).catch(() => undefined);
}
