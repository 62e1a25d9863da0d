import { loadConfig } from "../../../lib/config/load.ts";
import { hasConfig } from "../../../lib/config/read.ts";
import type { PluginRequest } from "../../../lib/hooks/resolve.ts";
import { pipelineShape } from "../../../lib/pipeline/settings.ts";
import { readDefaults } from "../../defaults.ts";
import { type Flags, RUN_TABLE } from "../../flags.ts";
import type { Io } from "../../io.ts";
import { sectionsBeside } from "../../sections.ts";

/** What the configuration says about runs, below what was typed. */
export interface RunConfig {
  readonly flags: Flags;
  readonly plugins: readonly PluginRequest[];
  readonly isGuarded: boolean;
}

/** Headings of flags whose defaults hold for runs, too: a proxy does, a format of output does not. */
const SHARED_GROUPS = new Set(["Time", "TLS", "Network"]);

/**
 * Reads the configuration.
 *
 * @throws {WeirError} CONFIG_*, with file, line and column
 */
export async function readRunConfig(typed: Flags, io: Io): Promise<RunConfig> {
  const path = typed.text("config");
  if (!(await hasConfig(io.runtime, path))) {
    return { flags: typed, plugins: [], isGuarded: typed.isSet("guard") };
  }
  const { defaults, plugins } = await readDefaults(io, path);
  const config = await loadConfig({
    runtime: io.runtime,
    path,
    sections: { pipeline: pipelineShape },
    otherSections: sectionsBeside("pipeline"),
  });
  const shared = defaults.within(RUN_TABLE, (flag) => SHARED_GROUPS.has(flag.group));
  const isGuarded = typed.isGiven("guard")
    ? typed.isSet("guard")
    : config.section("pipeline")?.guard === true;
  return { flags: typed.over(shared), plugins, isGuarded };
}
