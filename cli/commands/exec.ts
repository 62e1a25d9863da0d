import { durationText, parseDuration } from "../../lib/base/duration.ts";
import { WeirError } from "../../lib/base/errors.ts";
import { type Hooks, openHooks, type PluginLog } from "../../lib/hooks/index.ts";
import { Placeholders } from "../../lib/hooks/placeholders.ts";
import { findPlugin } from "../../lib/hooks/resolve.ts";
import { runScript } from "../../lib/hooks/script.ts";
import { Flags } from "../flags.ts";
import type { Io } from "../io.ts";
import { twoColumns } from "../layout.ts";
import { commandSecrets } from "../keychain.ts";
import {
  lazyClients,
  openPlugins,
  type OpenPlugins,
  type PluginContext,
  splitHosts,
} from "../plugins.ts";
import type { WordsInvocation } from "./command.ts";
import { dialOptions } from "./request/network.ts";

/** Flags of the command; they stand before the file, what follows it is the script's. */
const FLAGS = [
  ["--allow-net <HOST>", "Hosts the script may reach; none when it is not given"],
  ["--plugin <FILE>", "Run a plugin around the script's requests"],
  ["--timeout <TIME>", "Longest time for the script, as 10s; none if not given"],
  ["--debug", "After an error, print its causes and the stack"],
] as const;

const USAGE = "weir exec [flag ...] <file> [argument ...]";

const HELP = `Run a JavaScript or TypeScript file in the sandbox

Usage: ${USAGE}

Flags:
${twoColumns(FLAGS, 20)}

The script has http, core.http, oq, log and args; see weir help plugins. Its
default export is the exit status.
`;

/** A command line of exec, taken apart. */
interface ExecLine {
  readonly isHelp: boolean;
  readonly net: readonly string[];
  readonly plugins: readonly string[];
  /** Milliseconds that the script may take; 0: any. */
  readonly timeoutMs: number;
  readonly file: string | undefined;
  readonly args: readonly string[];
}

/**
 * Runs a script.
 *
 * @returns the exit status the script exports, 0 when it exports none
 * @throws {WeirError} TIMEOUT_TOTAL when it was not done in the time that `--timeout` gives
 */
export async function run({ words }: WordsInvocation, io: Io): Promise<number> {
  const line = readLine(words);
  if (line.isHelp) {
    await io.stdout.write(HELP);
    return 0;
  }
  if (line.file === undefined) {
    throw new WeirError("USAGE_MISSING_VALUE", "Command exec lacks the file to run", {
      hint: `Usage: ${USAGE}`,
    });
  }
  const context = { io, dial: await dialOptions(new Flags(), io.runtime) };
  const around = await openAround(line, context);
  const script = await openScript(line.file, line, { ...context, around });
  return await Promise.race([runWithin(script, around), expiry(line.timeoutMs, io)]);
}

async function runWithin(script: Hooks, around: OpenPlugins | undefined): Promise<number> {
  try {
    return await runScript(script);
  } finally {
    await around?.hooks.close();
  }
}

/** Rejects after a time. Nothing is waited for then: what the script left ends with this process. */
function expiry(timeoutMs: number, { runtime }: Io): Promise<never> {
  return new Promise((_, reject) => {
    if (timeoutMs === 0) return;
    runtime.clock.after(timeoutMs, () =>
      reject(
        new WeirError(
          "TIMEOUT_TOTAL",
          `The script was not done within ${durationText(timeoutMs)}`,
          {
            hint: "Raise --timeout, or leave it out for no limit",
          },
        ),
      ),
    );
  });
}

function readLine(words: readonly string[]): ExecLine {
  const net: string[] = [];
  const plugins: string[] = [];
  let isHelp = false;
  let timeoutMs = 0;
  let at = 0;
  for (; at < words.length; at += 1) {
    const word = words[at] ?? "";
    if (!word.startsWith("-") || word === "-") break;
    const [name = "", ...rest] = word.split("=");
    if (name === "--") {
      at += 1;
      break;
    }
    if (name === "--help" || name === "-h") isHelp = true;
    else if (name === "--allow-net" || name === "--plugin" || name === "--timeout") {
      const value = rest.length > 0 ? rest.join("=") : words[(at += 1)];
      if (value === undefined) throw lacksValue(name);
      if (name === "--timeout") timeoutMs = parseDuration(value, "USAGE_BAD_VALUE");
      else (name === "--plugin" ? plugins : net).push(value);
    } else if (name !== "--debug") throw unknownFlag(name);
  }
  const [file, ...args] = words.slice(at);
  return { isHelp, net: splitHosts(net), plugins, timeoutMs, file, args };
}

function lacksValue(name: string): WeirError {
  return new WeirError("USAGE_MISSING_VALUE", `Flag ${name} lacks its value`, {
    hint: `Usage: ${USAGE}`,
  });
}

function unknownFlag(name: string): WeirError {
  return new WeirError("USAGE_UNKNOWN_FLAG", `Command exec has no flag ${name.slice(0, 60)}`, {
    hint: `Flags of the script come after its file. Usage: ${USAGE}`,
  });
}

/** Opens the plugins whose hooks run around the script's own requests. */
async function openAround(
  line: ExecLine,
  context: PluginContext,
): Promise<OpenPlugins | undefined> {
  if (line.plugins.length === 0) return undefined;
  const flags = new Flags(new Map([["plugin", line.plugins]]));
  return await openPlugins(flags, [], context);
}

interface ScriptContext extends PluginContext {
  readonly around: OpenPlugins | undefined;
}

async function openScript(file: string, line: ExecLine, context: ScriptContext): Promise<Hooks> {
  const { io } = context;
  // The word is a file even when it looks like the name of a plugin.
  const path = file.includes("/") ? file : `./${file}`;
  const { runtime } = io;
  const dial = () => Promise.resolve(context.dial);
  const { source, redactor } = commandSecrets({ io, configPath: undefined, dial });
  const secrets = new Placeholders(source, (count) => runtime.random(count));
  return await openHooks({
    runtime,
    plugins: [{ file: await findPlugin(path, runtime), net: line.net, args: line.args }],
    mode: "script",
    createClient: lazyClients(context, secrets, context.around),
    secrets,
    warn: (text) => void io.warn(text),
    log: (entry) => printLine({ ...entry, text: redactor.redactText(entry.text) }, io),
  });
}

/** What a script prints is its own word: on standard error, without a name in front. */
function printLine({ level, text }: PluginLog, io: Io): void {
  if (level === "debug") return;
  void io.stderr.write(`${text}\n`).catch(() => undefined);
}
