import { WeirError } from "../../../lib/base/errors.ts";
import type { PluginRequest } from "../../../lib/hooks/resolve.ts";
import type { Playbook, PluginUse } from "../../../lib/pipeline/model.ts";
import type { Flags } from "../../flags.ts";
import { flaggedPlugins } from "../../plugins.ts";

/** Where the plugins of a run come from. */
export interface PluginSources {
  readonly playbook: Playbook;
  readonly flags: Flags;
  /** Those of the configuration. */
  readonly configured: readonly PluginRequest[];
  /** Folder of the pipeline file, which paths in it start from. */
  readonly folder: string;
}

/**
 * Returns the plugins of a run: those of the configuration, of the file, and of `--plugin`.
 *
 * What the file names is granted nothing by that: a file from elsewhere must not run code or open
 * hosts to it, unless `--trust` says that it may.
 *
 * @throws {WeirError} PLUGIN_UNTRUSTED, USAGE_BAD_VALUE
 */
export function pluginRequests(sources: PluginSources): readonly PluginRequest[] {
  const { playbook, flags, configured } = sources;
  const own = playbook.plugins.map((use) => requestOf(use, sources));
  return [...configured, ...own, ...flaggedPlugins(flags)];
}

function requestOf(
  { plugin, options, net = [], path }: PluginUse,
  { playbook, flags, folder }: PluginSources,
): PluginRequest {
  const isGrant = flags.isSet("trust");
  if (!isGrant && net.length > 0) {
    const place = playbook.source.error(path, { message: "", hint: "" }).details;
    throw new WeirError("PLUGIN_UNTRUSTED", `The file gives hosts to plugin ${plugin}`, {
      hint: "Add --trust if the file is yours, or leave net out and name the hosts with --allow-net",
      details: place,
    });
  }
  const isPath = plugin.includes("/") || /\.[cm]?[jt]s$/.test(plugin);
  const isRelative = isPath && !plugin.startsWith("/") && !plugin.startsWith("~/");
  return { reference: isRelative ? `${folder}/${plugin}` : plugin, options, net, isGrant };
}
