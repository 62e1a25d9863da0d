import { WeirError } from "../base/errors.ts";
import { list, map, optional, table } from "../config/combine.ts";
import { json, text } from "../config/scalars.ts";
import type { Infer } from "../config/shape.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { PluginRequest } from "./resolve.ts";

const plugin = table({
  /** A file, a folder, a glob of files, or the name of a plugin that ships with weir. */
  path: text({ pattern: /./, expected: "a path or the name of a plugin", example: '"request-id"' }),
  net: optional(list(text())),
  /** Entries of the keychain it may use; an agent's plugin has those named here and no other. */
  secrets: optional(list(text())),
  options: optional(map(json())),
});

/** The shape of `[[plugin]]`. */
export const pluginShape = list(plugin);

/** The data of `[[plugin]]`. */
export type PluginSettings = Infer<typeof pluginShape>;

/**
 * Returns the plugins a configuration names, in its order; a glob stands for its files by name.
 *
 * @throws {WeirError} PLUGIN_INVALID for a glob that no file matches
 * @param folder folder of the configuration file, which relative paths start from
 */
export async function configuredPlugins(
  settings: PluginSettings,
  folder: string,
  { env }: Pick<Runtime, "env">,
): Promise<readonly PluginRequest[]> {
  const requests = await Promise.all(
    settings.map(async ({ path, net = [], secrets, options }) => {
      const given = { net, secrets, options: Object.fromEntries(options ?? []), isGrant: false };
      const references = await expand(path, folder, env("HOME"));
      return references.map((reference): PluginRequest => ({ reference, ...given }));
    }),
  );
  return requests.flat();
}

async function expand(
  path: string,
  folder: string,
  home: string | undefined,
): Promise<readonly string[]> {
  const isName = !path.includes("/") && !/\.[cm]?[jt]s$/.test(path);
  if (isName) return [path];
  const absolute = path.startsWith("~/") && home !== undefined ? home + path.slice(1) : path;
  const whole = absolute.startsWith("/") ? absolute : `${folder}/${absolute}`;
  if (!/[*?[{]/.test(whole)) return [whole];
  const { glob } = await import("tinyglobby");
  const found = await glob([whole], { absolute: true, expandDirectories: false });
  if (found.length > 0) return found.toSorted();
  // Plugins that guard something must not be gone without a word when their folder is.
  throw new WeirError("PLUGIN_INVALID", `No plugin matches ${path}`, {
    hint: "Correct the path of this [[plugin]], or take it out",
    details: { path: whole },
  });
}
