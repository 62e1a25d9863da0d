import { utf8 } from "../base/bytes.ts";
import { toWeirError, WeirError } from "../base/errors.ts";
import { sanitizeText } from "../base/sanitize.ts";
import { detectProcesses } from "../runtime/processes.ts";
import { hookFailure } from "./failure.ts";
import type { HooksOptions } from "./index.ts";
import { SCRIPT_LIMITS } from "./limits.ts";
import type { RawResult } from "./messages.ts";
import { Plugin } from "./plugin.ts";
import type { PluginFile } from "./plugin-file.ts";
import { Sandbox } from "./sandbox.ts";
import { SeatFailure } from "./seat.ts";
import { stripTypes } from "./typescript.ts";

/** A module that is run for its value. */
export interface ScriptSource {
  /** Name in errors, such as `sign.js`; it ends in .js or .ts. */
  readonly name: string;
  /**
   * A module whose default export is a function or a value, or, when it exports nothing, the body of
   * a function of `args` and `ctx`.
   */
  readonly code: string;
  /** Hosts it may reach. */
  readonly net: readonly string[];
  /** Longest a call may take, waiting included. */
  readonly timeoutMs: number;
}

/** One call of a script. */
export interface ScriptCall extends ScriptSource {
  /** Data for its first parameter. */
  readonly args: unknown;
  readonly signal: AbortSignal;
}

/** Scripts of one run, each loaded once into the sandbox. */
export interface ScriptRunner {
  /**
   * Returns what the script gives, as data; undefined becomes null.
   *
   * @throws {WeirError} HOOK_FAILED with name:line:column, HOOK_SANDBOX, CANCELLED
   */
  run(call: ScriptCall): Promise<unknown>;
  /** Ends the sandbox. */
  close(): void;
}

/** What scripts need of the options of hooks. */
export type ScriptOptions = Pick<HooksOptions, "createClient" | "log" | "processes" | "secrets"> & {
  readonly runtime: Pick<HooksOptions["runtime"], "clock" | "network">;
};

const MAIN = "weir-script.js";

/** The event is one that carries data and takes a replacement; what is in its fields is ours. */
const EVENT = "pre_tool_call";

/** Returns the module that calls the script with the data in the body of its event. */
function mainModule(name: string): string {
  return `import script from ${JSON.stringify(`./${name}`)};
weir.on("${EVENT}", async (event, ctx) => {
  const given = typeof script === "function" ? script(await event.json(), { store: ctx.store }) : script;
  return { type: "script", body: { value: (await given) ?? null } };
});
`;
}

/** Names that mark a module; a text without them is the body of a function. */
const EXPORT = /^\s*export\b/m;

function moduleText(code: string): string {
  if (EXPORT.test(code)) return code;
  // On one line with the first of the script, so that its line numbers stay true.
  return `export default async function (args, ctx) {${code}\n}`;
}

function scriptFile({ name, code, timeoutMs }: ScriptSource): PluginFile {
  // In an endless loop it would hold up the other scripts of its child until its deadline.
  const limits = { deadline_ms: Math.min(timeoutMs, SCRIPT_LIMITS.deadlineMs) };
  return {
    path: name,
    main: MAIN,
    manifest: { name: "script", version: "1.0.0", capabilities: ["rewrite"], limits },
    isBundled: false,
    async read(path) {
      if (path === MAIN) return mainModule(name);
      if (path !== name) {
        throw new WeirError("PLUGIN_INVALID", `A script cannot import ${path.slice(0, 200)}`, {
          hint: "Keep all of a script in one file",
        });
      }
      const text = moduleText(code);
      return name.endsWith(".ts") ? await stripTypes(text, name) : text;
    },
    digests: () => ({}),
  };
}

/** Starts nothing: the sandbox starts with the first script. */
export function openScripts(options: ScriptOptions): ScriptRunner {
  const plugins = new Map<string, Plugin>();
  let sandbox: Promise<Sandbox> | undefined;
  const open = async (): Promise<Sandbox> =>
    new Sandbox({
      processes: options.processes ?? (await detectProcesses()),
      clock: options.runtime.clock,
      log: ({ level, text }) => options.log({ plugin: "script", level, text: sanitizeText(text) }),
    });
  const pluginOf = async (source: ScriptSource): Promise<Plugin> => {
    const key = JSON.stringify([source.name, source.code, source.net, source.timeoutMs]);
    sandbox ??= open();
    const box = await sandbox;
    const known = plugins.get(key);
    if (known !== undefined) return known;
    const plugin = makePlugin(plugins.size + 1, source, box, options);
    plugins.set(key, plugin);
    return plugin;
  };
  return {
    run: async (call) => await callScript(await pluginOf(call), call),
    close() {
      for (const plugin of plugins.values()) plugin.close();
      void sandbox?.then((box) => box.close());
    },
  };
}

function makePlugin(
  id: number,
  source: ScriptSource,
  sandbox: Sandbox,
  { runtime, createClient, secrets }: ScriptOptions,
): Plugin {
  const spec = { file: scriptFile(source), net: source.net, args: [] };
  return new Plugin(id, spec, {
    sandbox,
    clock: runtime.clock,
    createClient,
    ownAddresses: () => runtime.network.ownAddresses(),
    storage: () => undefined,
    secrets,
  });
}

async function callScript(plugin: Plugin, call: ScriptCall): Promise<unknown> {
  try {
    await plugin.load();
    const [hook] = plugin.hooks;
    if (hook === undefined) throw new WeirError("HOOK_SANDBOX", "The script has no entry");
    const body = utf8(JSON.stringify(call.args ?? null));
    const read = (): Promise<Uint8Array> => Promise.resolve(body);
    const done = plugin.run(hook, { event: { type: EVENT }, context: {}, read }, call.timeoutMs);
    return valueOf(await untilAborted(done, call.signal));
  } catch (error) {
    throw scriptFailure(error, call);
  }
}

const HINTS: Readonly<Record<string, string>> = {
  timeout: "Raise timeout of the task, or give its requests a shorter one",
  deadline: "Make it give back control with await, or do less in one task",
  hang: "It called a function of the engine that cannot be interrupted with something too large",
  memory: "Give it less data at once",
};

function scriptFailure(error: unknown, { name }: ScriptCall): WeirError {
  const known = toWeirError(error);
  if (known.code === "CANCELLED") return known;
  // What went wrong while it was loaded is told as the plugin's that stands in for the script.
  const cause = known.details["event"] === "load" ? known.cause : error;
  const place = { plugin: name, event: "script", where: "", title: `Script ${name} failed` };
  const { code, message, details } = hookFailure(cause, place);
  const word = cause instanceof SeatFailure ? cause.failure.code : "";
  const hint = HINTS[word] ?? "Correct the script";
  return new WeirError(code, message, { hint, details, cause });
}

/** A call that is given up goes on in the sandbox, which is closed when the run ends. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  // Whichever comes second has nobody who listens.
  work.catch(() => undefined);
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const stop = (): void => aborted.reject(toWeirError(signal.reason));
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function valueOf(result: RawResult): unknown {
  if (result.kind !== "object" || result.body !== "json") {
    throw new WeirError("HOOK_FAILED", "The script gave no data");
  }
  const { value }: { readonly value?: unknown } = JSON.parse(
    new TextDecoder().decode(result.content),
  );
  return value ?? null;
}
