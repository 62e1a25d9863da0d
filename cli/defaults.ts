import { toWeirError, WeirError } from "../lib/base/errors.ts";
import { aliasShape, type Alias } from "../lib/config/alias.ts";
import { type Defaults, defaultsShape } from "../lib/config/defaults.ts";
import { loadConfig } from "../lib/config/load.ts";
import type { PluginRequest } from "../lib/hooks/resolve.ts";
import { configuredPlugins, type PluginSettings, pluginShape } from "../lib/hooks/settings.ts";
import { configKey, FLAGS, Flags, type FlagValue } from "./flags.ts";
import type { FlagSpec } from "./flags/spec.ts";
import type { Io } from "./io.ts";
import { checkValue } from "./tokenizer.ts";
import { sectionsBeside } from "./sections.ts";

/** Flags that `[defaults]` of the configuration may set, by their key. */
const CONFIGURABLE: ReadonlyMap<string, FlagSpec> = new Map(
  FLAGS.filter((flag) => flag.isConfigurable !== false).map((flag) => [configKey(flag), flag]),
);

/** What the configuration says about requests from the command line. */
export interface ConfiguredDefaults {
  readonly defaults: Flags;
  readonly aliases: ReadonlyMap<string, Alias> | undefined;
  readonly plugins: readonly PluginRequest[];
}

/**
 * Reads `[defaults]`, `[alias]` and `[[plugin]]` of the configuration.
 *
 * @throws {WeirError} CONFIG_*, with file, line and column
 */
export async function readDefaults(io: Io, path: string | undefined): Promise<ConfiguredDefaults> {
  const named = [...CONFIGURABLE].map(([name, flag]) => ({ ...flag, name }));
  const config = await loadConfig({
    runtime: io.runtime,
    path,
    sections: { defaults: defaultsShape(named), alias: aliasShape, plugin: pluginShape },
    otherSections: sectionsBeside("defaults", "alias", "plugin"),
  });
  try {
    const defaults = flagsFromDefaults(config.section("defaults") ?? {});
    const plugins = await pluginsOf(config.section("plugin"), config.path, io);
    return { defaults, aliases: config.section("alias"), plugins };
  } catch (error) {
    const { message, hint = "See weir help config", details } = toWeirError(error);
    if (typeof details["key"] !== "string") throw error;
    throw config.errorAt(["defaults", details["key"]], { message, hint });
  }
}

async function pluginsOf(
  settings: PluginSettings | undefined,
  file: string | undefined,
  { runtime }: Io,
): Promise<readonly PluginRequest[]> {
  if (settings === undefined || file === undefined) return [];
  const path = file.startsWith("/") ? file : `${runtime.cwd()}/${file}`;
  return await configuredPlugins(settings, path.slice(0, path.lastIndexOf("/")), runtime);
}

/** Returns the flags that are set: of two that replace each other the lower one counts. */
function flagsFromDefaults(defaults: Defaults): Flags {
  return Object.entries(defaults).reduce((below, [key, value]) => {
    const flag = CONFIGURABLE.get(key);
    if (flag === undefined) return below;
    checkDefault(flag, value);
    return new Flags(new Map<string, FlagValue>([[flag.name, value]])).over(below);
  }, new Flags());
}

function checkDefault(flag: FlagSpec, value: Defaults[string]): void {
  if (flag.kind !== "value" && flag.kind !== "list") return;
  for (const one of Array.isArray(value) ? value : [value]) {
    try {
      checkValue(flag, String(one), "CONFIG_INVALID");
    } catch (cause) {
      const { code, message, hint } = toWeirError(cause);
      throw new WeirError(code, message, { hint, cause, details: { key: configKey(flag) } });
    }
  }
}
