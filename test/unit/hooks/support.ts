import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createClient, createPluginClients } from "../../../lib/client.ts";
import type { Retry } from "../../../lib/exchange/ports.ts";
import { NO_BODY } from "../../../lib/http/body.ts";
import type { Draft } from "../../../lib/http/draft.ts";
import { collectBytes } from "../../../lib/base/bytes.ts";
import type { PluginSpec } from "../../../lib/hooks/plugin.ts";
import { findPlugin } from "../../../lib/hooks/resolve.ts";
import { type Hooks, type HooksOptions, openHooks } from "../../../lib/hooks/index.ts";
import { bunRuntime } from "../../../lib/runtime/bun.ts";
import { bunProcesses } from "../../../lib/runtime/bun-processes.ts";
import type { Processes } from "../../../lib/runtime/processes.ts";
import { isolatedBinary } from "../../support/targets.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

/** A plugin as a test writes it: one source, or the files of a folder. */
export type TestPlugin = string | Readonly<Record<string, string>>;

/** What a test decides about its hooks. */
export interface HookTestOptions extends Partial<HooksOptions> {
  /** Added to every plugin that does not say it by `specs`. */
  readonly net?: readonly string[];
  readonly options?: Readonly<Record<string, unknown>>;
  readonly args?: readonly string[];
  readonly retry?: Retry;
  /** Plugins that are files already. */
  readonly paths?: readonly string[];
}

/** What a request through a client with plugins came to. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly isSynthetic: boolean;
}

/** A client with plugins, and what it said. */
export interface HookBench extends AsyncDisposable {
  readonly hooks: Hooks;
  readonly warnings: readonly string[];
  readonly logs: readonly string[];
  send(url: string, changes?: Partial<Draft>): Promise<Answer>;
}

const LIMITS = { totalTimeoutMs: 20_000 };

function write(folder: string, plugin: TestPlugin, at: number): string {
  if (typeof plugin === "string") {
    const path = join(folder, `p${at}.js`);
    writeFileSync(path, plugin);
    return path;
  }
  const root = join(folder, `p${at}`);
  for (const [name, text] of Object.entries(plugin)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return root;
}

/**
 * Returns how children are started: WEIR_CHILD=binary makes all of them the compiled binary, whose
 * engine goes on from a snapshot where the one of the source starts anew.
 */
function processesOf(): Processes {
  if (process.env["WEIR_CHILD"] !== "binary") return bunProcesses;
  return { ...bunProcesses, selfCommand: (argv) => [isolatedBinary(), ...argv] };
}

/** Opens a client whose plugins are `plugins`, each in a file of its own. */
export async function openBench(
  plugins: readonly TestPlugin[],
  options: HookTestOptions = {},
): Promise<HookBench> {
  const folder = temporaryFolder();
  const env = (name: string): string | undefined => (name === "HOME" ? folder.path : undefined);
  const runtime = { ...bunRuntime, env, cwd: () => folder.path };
  const { net, options: pluginOptions, args, retry, paths = [], ...rest } = options;
  const written = plugins.map((plugin, at) => write(folder.path, plugin, at));
  const specs = await Promise.all(
    [...written, ...paths].map(async (path): Promise<PluginSpec> => {
      const file = await findPlugin(path, runtime);
      return { file, net, options: pluginOptions, args };
    }),
  );
  const warnings: string[] = [];
  const logs: string[] = [];
  const dial = { tls: { isVerified: true } };
  const hooks = await openHooks({
    runtime,
    plugins: specs,
    mode: "raw",
    warn: (text) => warnings.push(text),
    log: (line) => logs.push(`${line.plugin} ${line.level} ${line.text}`),
    createClient: createPluginClients({ runtime, dial }),
    processes: processesOf(),
    ...rest,
  });
  const client = createClient({
    runtime,
    dial,
    hooks: hooks.chain,
    retry,
    exchange: { maxRequests: 5, limits: LIMITS, isDecoded: true },
  });
  return {
    hooks,
    warnings,
    logs,
    async send(url, changes = {}) {
      const draft: Draft = {
        method: "GET",
        url: new URL(url),
        headers: [],
        defaults: [["User-Agent", "weir"]],
        unset: [],
        body: NO_BODY,
        ...changes,
      };
      const exchange = await client.perform(draft);
      const bytes = await collectBytes(exchange.body.chunks);
      return {
        status: exchange.response.status,
        headers: Object.fromEntries(
          exchange.response.headers.map(([name, value]) => [name.toLowerCase(), value]),
        ),
        text: new TextDecoder().decode(bytes),
        isSynthetic: exchange.isSynthetic === true,
      };
    },
    async [Symbol.asyncDispose]() {
      await hooks.close();
      client.close();
      folder[Symbol.dispose]();
    },
  };
}

/** Returns what a failing promise was rejected with, as code and message. */
export async function failureOf(
  work: Promise<unknown>,
): Promise<{ code: string; message: string }> {
  try {
    await work;
  } catch (error) {
    const { code = "", message } = error as { code?: string; message: string };
    return { code, message };
  }
  throw new Error("It did not fail");
}
