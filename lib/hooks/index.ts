/**
 * Plugins: JavaScript before and after a request, in a sandbox that holds nothing worth stealing.
 *
 * A plugin never runs in weir's process. weir starts itself again (link.ts), speaks frames with that
 * child (frames.ts, messages.ts), and takes each for an attacker's. The child (child/) holds one
 * QuickJS a plugin and a small runtime written in JavaScript (guest/). What takes time, network, disk
 * or a secret is an operation that this side answers (operations.ts). What a handler returns is read
 * (verdict.ts), checked against its grant (runner.ts) and turned into a draft or an exchange
 * (patch.ts, chain.ts). A request without plugins loads none of this.
 */
import type { Clock } from "../base/clock.ts";
import { sanitizeText } from "../base/sanitize.ts";
import type { HookChain } from "../exchange/ports.ts";
import { detectProcesses, type Processes } from "../runtime/processes.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { createChain } from "./chain.ts";
import { DEFAULT_LIMITS, SCRIPT_LIMITS } from "./limits.ts";
import type { RawLog } from "./messages.ts";
import type { HookSecrets } from "./operations.ts";
import { Plugin, type PluginSpec } from "./plugin.ts";
import type { PluginClientFactory } from "./plugin-http.ts";
import { createRunHooks, type RunHooks } from "./run-hooks.ts";
import { type HookMode, HookRunner } from "./runner.ts";
import { Sandbox } from "./sandbox.ts";
import { fileStorage } from "./storage.ts";
import { createToolHooks, type ToolHooks } from "./tool-hooks.ts";
import { pluginDataFolder } from "./trust.ts";

/** A line a plugin logged, safe for a terminal. */
export interface PluginLog {
  readonly plugin: string;
  readonly level: RawLog["level"];
  readonly text: string;
}

/** What the hooks of one client are made of. */
export interface HooksOptions {
  readonly runtime: Pick<Runtime, "clock" | "random" | "network" | "env">;
  readonly plugins: readonly PluginSpec[];
  /** Makes the clients of the plugins' own requests. */
  readonly createClient: PluginClientFactory;
  readonly mode: HookMode;
  /** What handlers read as `ctx.run_id`: that of the pipeline's run; else one of their own. */
  readonly runId?: string | undefined;
  /** Takes a warning: a handler failed whose failures do not stop the request. */
  readonly warn: (text: string) => void;
  readonly log: (line: PluginLog) => void;
  readonly secrets?: HookSecrets | undefined;
  /** True: the body of the response is not shown to plugins. */
  readonly isStreamed?: boolean | undefined;
  /** True: a second child waits ready, for programs that serve many requests. */
  readonly hasStandby?: boolean | undefined;
  /** Starts children; tests put a fake child here. */
  readonly processes?: Processes | undefined;
}

/** The hooks of one client. */
export interface Hooks {
  readonly chain: Required<HookChain>;
  readonly tools: ToolHooks;
  readonly run: RunHooks;
  readonly plugins: readonly Plugin[];
  /** Loads every plugin; throws PLUGIN_INVALID, PLUGIN_UNTRUSTED, HOOK_FAILED. */
  ready(): Promise<void>;
  /** Process ids of the sandbox children. */
  pids(): readonly number[];
  /** Waits for what handlers left under way, up to 5 s, runs `unload`, and ends the children. */
  close(): Promise<void>;
}

/** Bytes of a body that a handler may read. */
const BODY_CAP_BYTES = 32 * 1024 * 1024;

/** How long requests that nobody awaited are waited for. */
const CLOSE_GRACE_MS = 5000;

/**
 * Returns the hooks of one client. The sandbox starts at once and gets ready beside other work; what
 * is wrong with a plugin is thrown by the first request, or by `ready`.
 */
export async function openHooks(options: HooksOptions): Promise<Hooks> {
  const { runtime, mode, warn } = options;
  const processes = options.processes ?? (await detectProcesses());
  const sandbox = new Sandbox({
    processes,
    clock: runtime.clock,
    log: (line) => options.log(readableLog(line, plugins)),
    hasStandby: options.hasStandby,
  });
  const [first] = options.plugins;
  sandbox.start((first?.args === undefined ? DEFAULT_LIMITS : SCRIPT_LIMITS).memoryMb);
  const folder = pluginDataFolder(runtime.env);
  const ports = {
    sandbox,
    clock: runtime.clock,
    createClient: options.createClient,
    ownAddresses: () => runtime.network.ownAddresses(),
    storage: (name: string) =>
      folder === undefined ? undefined : fileStorage(`${folder}/storage`, name),
    secrets: options.secrets,
  };
  // Numbered from 1: 0 in a frame means nobody.
  const plugins = options.plugins.map((spec, at) => new Plugin(at + 1, spec, ports));
  const runner = new HookRunner(plugins, {
    clock: runtime.clock,
    random: runtime.random,
    mode,
    runId: options.runId,
    warn,
  });
  const isStreamed = options.isStreamed === true;
  return {
    chain: createChain(runner, { bodyCapBytes: BODY_CAP_BYTES, isStreamed }),
    tools: createToolHooks(runner),
    run: createRunHooks(runner),
    plugins,
    ready: () => runner.ready(),
    pids: () => sandbox.pids(),
    close: () => closeAll(plugins, runner, sandbox, runtime.clock),
  };
}

function readableLog({ plugin, level, text }: RawLog, plugins: readonly Plugin[]): PluginLog {
  return { plugin: plugins[plugin - 1]?.name ?? "sandbox", level, text: sanitizeText(text) };
}

async function closeAll(
  plugins: readonly Plugin[],
  runner: HookRunner,
  sandbox: Sandbox,
  clock: Clock,
): Promise<void> {
  let stop = (): void => undefined;
  const graceOver = new Promise<void>((resolve) => {
    stop = clock.after(CLOSE_GRACE_MS, resolve);
  });
  const settle = async (): Promise<void> => {
    await Promise.all(plugins.map((plugin) => plugin.settle(graceOver)));
  };
  try {
    await settle();
    if (plugins.some((plugin) => plugin.hooks.some((hook) => hook.event === "unload"))) {
      await Promise.race([runner.announce("unload"), graceOver]);
      await settle();
    }
    for (const { name } of plugins.filter((plugin) => !plugin.isSettled)) {
      runner.warn(`Plugin ${name} still had something under way, which is given up after 5 s`);
    }
  } finally {
    stop();
    for (const plugin of plugins) plugin.close();
    sandbox.close();
  }
}
