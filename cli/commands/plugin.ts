import { WeirError } from "../../lib/base/errors.ts";
import { nearestName } from "../../lib/base/nearest.ts";
import { sanitizeLine } from "../../lib/base/sanitize.ts";
import { bundledFile, BUNDLED_NAMES } from "../../lib/hooks/bundled.ts";
import { userPluginFolder } from "../../lib/hooks/resolve.ts";
import { isAsTrusted, readTrust, writeTrust } from "../../lib/hooks/trust.ts";
import { readAsset } from "../../lib/runtime/assets.ts";
import type { Io } from "../io.ts";
import { twoColumns } from "../layout.ts";
import type { WordsInvocation } from "./command.ts";
import { describePlugin, inspectPlugin } from "./plugin/inspect.ts";

/** One word after `weir plugin`. */
interface PluginCommand {
  readonly name: string;
  readonly summary: string;
  /** True: a file or a name follows. */
  readonly takesPlugin: boolean;
  readonly run: (reference: string, io: Io) => Promise<number>;
}

/** Every plugin command, in the order of the help. A new one is a row here. */
const PLUGIN_COMMANDS: readonly PluginCommand[] = [
  {
    name: "list",
    summary: "Name the plugins of weir, your own, and those you trust",
    takesPlugin: false,
    run: async (_reference, io) => await list(io),
  },
  {
    name: "check",
    summary: "Load a plugin; print what it is and which hooks it has",
    takesPlugin: true,
    run: async (reference, io) => await show(reference, io),
  },
  {
    name: "show",
    summary: "The same, and whether you trust it",
    takesPlugin: true,
    run: async (reference, io) => await showTrust(reference, io),
  },
  {
    name: "trust",
    summary: "Grant a plugin what it asks for, as its files are now",
    takesPlugin: true,
    run: async (reference, io) => await trust(reference, io),
  },
  {
    name: "types",
    summary: "Print plugin.d.ts, the types of what a plugin can use",
    takesPlugin: false,
    run: async (_reference, io) => {
      await io.stdout.write(readAsset("plugin.d.ts"));
      return 0;
    },
  },
];

/**
 * Runs `weir plugin COMMAND`.
 *
 * @throws {WeirError} USAGE_*, PLUGIN_INVALID, HOOK_FAILED
 */
export async function run({ words }: WordsInvocation, io: Io): Promise<number> {
  const [name = "--help", reference, extra] = words.filter((word) => word !== "--debug");
  if (name === "--help" || name === "-h") {
    await io.stdout.write(helpText());
    return 0;
  }
  const command = PLUGIN_COMMANDS.find((one) => one.name === name);
  if (command === undefined) throw unknownCommand(name);
  const most = command.takesPlugin ? extra : reference;
  const usage = `Usage: weir plugin ${name}${command.takesPlugin ? " <file | name>" : ""}`;
  if (most !== undefined) {
    const shown = JSON.stringify(most.slice(0, 80));
    throw new WeirError("USAGE_BAD_VALUE", `weir plugin ${name} has no use for ${shown}`, {
      hint: usage,
    });
  }
  if (command.takesPlugin && reference === undefined) {
    throw new WeirError("USAGE_MISSING_VALUE", `weir plugin ${name} lacks the plugin`, {
      hint: usage,
    });
  }
  return await command.run(reference ?? "", io);
}

function unknownCommand(name: string): WeirError {
  const names = PLUGIN_COMMANDS.map((one) => one.name);
  const near = nearestName(name.slice(0, 40), names);
  const shown = JSON.stringify(name.slice(0, 80));
  return new WeirError("USAGE_UNKNOWN_COMMAND", `weir plugin has no command ${shown}`, {
    hint: near === undefined ? `There are: ${names.join(", ")}` : `Did you mean ${near}?`,
  });
}

function helpText(): string {
  const rows = PLUGIN_COMMANDS.map(
    ({ name, summary, takesPlugin }) =>
      [takesPlugin ? `${name} <file | name>` : name, summary] as const,
  );
  return `See, check and trust plugins

Usage: weir plugin <command> [file | name]

Commands:
${twoColumns(rows, 20)}

weir help plugins   how to write one
`;
}

async function write(lines: readonly string[], io: Io): Promise<number> {
  // Names and patterns are the plugin's words.
  await io.stdout.write(lines.map((line) => `${sanitizeLine(line)}\n`).join(""));
  return 0;
}

async function list(io: Io): Promise<number> {
  const folder = userPluginFolder((name) => io.env(name));
  const isFolder = folder !== undefined && (await io.runtime.files.stat(folder)) !== undefined;
  const own = isFolder ? await io.runtime.files.list(folder) : [];
  const trusted = Object.keys(await readTrust(io.runtime));
  const bundled = await Promise.all(
    BUNDLED_NAMES.map(async (name) => [name, await descriptionOf(name)] as const),
  );
  const section = (title: string, lines: readonly string[]): readonly string[] =>
    lines.length === 0 ? [] : ["", title, ...lines.map((line) => `  ${line}`)];
  return await write(
    [
      "Plugins that ship with weir:",
      ...twoColumns(bundled, 17).split("\n"),
      ...section(`In ${folder}:`, own.toSorted()),
      ...section("Trusted:", trusted.toSorted()),
    ],
    io,
  );
}

/** Returns the description in the manifest of a plugin of weir, without running it. */
async function descriptionOf(name: string): Promise<string> {
  const file = bundledFile(name);
  const source = file === undefined ? "" : await file.read(file.main);
  return /^ {2}description: "([^"]*)"/m.exec(source)?.[1] ?? "";
}

async function show(reference: string, io: Io): Promise<number> {
  return await inspectPlugin(reference, io, (plugin) => write(describePlugin(plugin), io));
}

async function showTrust(reference: string, io: Io): Promise<number> {
  return await inspectPlugin(reference, io, async (plugin) => {
    const { file, manifest } = plugin;
    const record = (await readTrust(io.runtime))[file.path];
    const isSame = record !== undefined && isAsTrusted(file, manifest, record);
    const state = record === undefined ? "no" : isSame ? "yes" : "no: it has changed since";
    const word = file.isBundled ? "yes: it ships with weir" : state;
    return await write([...describePlugin(plugin), `trusted       ${word}`], io);
  });
}

async function trust(reference: string, io: Io): Promise<number> {
  return await inspectPlugin(reference, io, async (plugin) => {
    const { file, manifest } = plugin;
    if (file.isBundled) {
      throw new WeirError("USAGE_BAD_VALUE", `${file.path} ships with weir and needs no trust`);
    }
    await writeTrust(io.runtime, file, manifest);
    return await write([...describePlugin(plugin), "trusted       yes, from now on"], io);
  });
}
