import { aliasShape, type Alias } from "../lib/config/alias.ts";
import { type Defaults, defaultsShape } from "../lib/config/defaults.ts";
import { loadConfig } from "../lib/config/load.ts";
import { toWeirError } from "../lib/base/errors.ts";
import { configKey, FLAGS, Flags, type FlagValue } from "./flags.ts";
import type { FlagSpec } from "./flags/spec.ts";
import type { Io } from "./io.ts";
import { checkValue } from "./tokenizer.ts";

/** Sections that other commands read. */
const OTHER_SECTIONS = ["http_request", "proxy", "security", "audit", "identity", "keychain"];

const CONFIGURABLE = FLAGS.filter((flag) => flag.isConfigurable !== false);

/** What the configuration says about requests from the command line. */
export interface ConfiguredDefaults {
  readonly defaults: Flags;
  readonly aliases: ReadonlyMap<string, Alias> | undefined;
}

/**
 * Reads `[defaults]` and `[alias]` of the configuration.
 *
 * @throws {WeirError} CONFIG_*
 */
export async function readDefaults(io: Io, path: string | undefined): Promise<ConfiguredDefaults> {
  const named = CONFIGURABLE.map((flag) => ({ ...flag, name: configKey(flag) }));
  const config = await loadConfig({
    runtime: io.runtime,
    path,
    sections: { defaults: defaultsShape(named), alias: aliasShape },
    otherSections: OTHER_SECTIONS,
  });
  const defaults = config.section("defaults") ?? {};
  const given = CONFIGURABLE.flatMap((flag): [string, FlagValue][] => {
    const value = defaults[configKey(flag)];
    if (value === undefined) return [];
    try {
      checkDefault(flag, value);
    } catch (error) {
      const { message, hint = "See weir --help" } = toWeirError(error);
      throw config.errorAt(["defaults", configKey(flag)], { message, hint });
    }
    return [[flag.name, value]];
  });
  return { defaults: new Flags(new Map(given)), aliases: config.section("alias") };
}

function checkDefault(flag: FlagSpec, value: Defaults[string]): void {
  if (flag.kind !== "value" && flag.kind !== "list") return;
  for (const one of Array.isArray(value) ? value : [value]) checkValue(flag, String(one));
}
