import { WeirError } from "../../../lib/base/errors.ts";
import { openHooks } from "../../../lib/hooks/index.ts";
import type { Plugin } from "../../../lib/hooks/plugin.ts";
import { findPlugin } from "../../../lib/hooks/resolve.ts";
import type { Io } from "../../io.ts";

/**
 * Loads a plugin without granting it anything, and hands it to `work`.
 *
 * @throws {WeirError} PLUGIN_INVALID, HOOK_FAILED when it cannot be loaded
 */
export async function inspectPlugin<T>(
  reference: string,
  io: Io,
  work: (plugin: Plugin) => Promise<T>,
): Promise<T> {
  const file = await findPlugin(reference, io.runtime);
  const hooks = await openHooks({
    runtime: io.runtime,
    plugins: [{ file }],
    mode: "raw",
    createClient: refuseClients,
    warn: (text) => void io.warn(text),
    log: () => undefined,
  });
  try {
    const [plugin] = hooks.plugins;
    if (plugin === undefined) throw new WeirError("INTERNAL", "The plugin was lost");
    // Only loaded: its `load` handlers belong to a run.
    await plugin.load();
    return await work(plugin);
  } finally {
    await hooks.close();
  }
}

function refuseClients(): never {
  throw new WeirError("POLICY_DENIED", "A plugin that is only looked at reaches nothing");
}

/** Returns what a plugin is and wants, a line each. */
export function describePlugin(plugin: Plugin): readonly string[] {
  const { manifest, file, hooks } = plugin;
  const list = (texts: readonly string[]): string =>
    texts.length === 0 ? "none" : texts.join(", ");
  const version = manifest.version === "" ? "" : ` ${manifest.version}`;
  return [
    `${manifest.name}${version}`,
    ...(manifest.description === "" ? [] : [manifest.description]),
    "",
    `file          ${file.path}`,
    `capabilities  ${list(manifest.capabilities)}`,
    `hosts         ${list(manifest.net)}`,
    ...hooks.map(({ event, pattern, priority }, at) => {
      const title = at === 0 ? "hooks         " : "              ";
      return `${title}${event}${pattern === undefined ? "" : ` ${pattern}`}, priority ${priority}`;
    }),
    ...Object.entries(file.digests()).map(
      ([path, digest], at) => `${at === 0 ? "sha-256       " : "              "}${digest}  ${path}`,
    ),
  ];
}
