import { posix } from "node:path";
import { WeirError } from "../base/errors.ts";
import { nearestName } from "../base/nearest.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { openPluginFile, type PluginFile } from "./plugin-file.ts";
import type { PluginSpec } from "./plugin.ts";
import { checkGrant, pluginDataFolder, readTrust, trustedFile } from "./trust.ts";

/** A plugin as it was named, with what the one who named it added. */
export interface PluginRequest {
  /** A path, or the name of a plugin of the user's folder or of weir. */
  readonly reference: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly net: readonly string[];
  /** Entries of the keychain it may use; undefined: all. */
  readonly secrets?: readonly string[] | undefined;
  /** True: naming it grants what it asks for, as on the command line of a person. */
  readonly isGrant: boolean;
}

type ResolveRuntime = Pick<Runtime, "files" | "env" | "cwd">;

const OPTION = /^(.+?):([A-Za-z_][\w-]*)=(.*)$/s;

/** Says whether a reference is a path and not a name. */
function isPath(reference: string): boolean {
  return reference.includes("/") || /\.[cm]?[jt]s$/.test(reference);
}

/** Returns the path that was given before and whose file has this name. */
function pathNamed(name: string, references: Iterable<string>): string | undefined {
  if (isPath(name)) return undefined;
  return [...references].find(
    (path) => isPath(path) && posix.basename(path).replace(/\.[cm]?[jt]s$/, "") === name,
  );
}

/**
 * Returns the values of `--plugin`: files and names, and `NAME:key=value` which sets an option. NAME
 * is also that of a file before it: two plugins of one name cannot be.
 */
export function parsePluginFlags(
  values: readonly string[],
  net: readonly string[],
): readonly PluginRequest[] {
  const requests = new Map<string, PluginRequest>();
  for (const value of values) {
    const [, named, key, text] = OPTION.exec(value) ?? [];
    const reference = named === undefined ? value : (pathNamed(named, requests.keys()) ?? named);
    if (reference === "") {
      throw new WeirError("USAGE_BAD_VALUE", "Flag --plugin got an empty name", {
        hint: "Write --plugin FILE, or --plugin NAME for one that ships with weir",
      });
    }
    const known = requests.get(reference) ?? { reference, options: {}, net, isGrant: true };
    const added = key === undefined ? {} : { [key]: optionValue(text ?? "") };
    requests.set(reference, { ...known, options: { ...known.options, ...added } });
  }
  return [...requests.values()];
}

/** A value that reads as JSON is JSON, anything else is text: a key of digits has to stay as it is. */
function optionValue(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    const isExact = typeof value !== "number" || /^-?\d{1,15}(?:\.\d+)?$/.test(text);
    return isExact ? value : text;
  } catch {
    return text;
  }
}

/** Returns the user's own folder of plugins, undefined without a home. */
export function userPluginFolder(env: Runtime["env"]): string | undefined {
  const folder = pluginDataFolder(env);
  return folder === undefined ? undefined : `${folder}/plugins`;
}

/**
 * Finds a plugin: a path from the working directory, else a name in the user's folder, else a name
 * that ships with weir.
 *
 * @throws {WeirError} PLUGIN_INVALID
 */
export async function findPlugin(reference: string, runtime: ResolveRuntime): Promise<PluginFile> {
  if (isPath(reference)) {
    const path = expandHome(reference, runtime);
    const whole = path.startsWith("/") ? path : posix.join(runtime.cwd(), path);
    return await openPluginFile(runtime.files, whole);
  }
  const own = await findInFolder(reference, runtime);
  if (own !== undefined) return await openPluginFile(runtime.files, own);
  const { bundledFile, BUNDLED_NAMES } = await import("./bundled.ts");
  const bundled = bundledFile(reference);
  if (bundled !== undefined) return bundled;
  const near = nearestName(reference.slice(0, 64), BUNDLED_NAMES);
  throw new WeirError("PLUGIN_INVALID", `There is no plugin ${JSON.stringify(reference)}`, {
    hint:
      near === undefined
        ? "Write the path of its file, such as ./plugin.js, or see weir plugin list"
        : `Did you mean ${near}? For a file write ./${reference}`,
  });
}

function expandHome(path: string, { env }: ResolveRuntime): string {
  const home = env("HOME");
  return path.startsWith("~/") && home !== undefined ? home + path.slice(1) : path;
}

async function findInFolder(name: string, runtime: ResolveRuntime): Promise<string | undefined> {
  const folder = userPluginFolder(runtime.env);
  if (folder === undefined || !/^[\w-]+$/.test(name)) return undefined;
  for (const path of [`${folder}/${name}.js`, `${folder}/${name}.ts`, `${folder}/${name}`]) {
    if ((await runtime.files.stat(path)) !== undefined) return path;
  }
  return undefined;
}

/**
 * Returns what is to be loaded. One that nobody granted anything by naming it must be trusted, and
 * must be what it was when it was.
 *
 * @throws {WeirError} PLUGIN_INVALID, PLUGIN_UNTRUSTED, CONFIG_*
 */
export async function resolvePlugins(
  requests: readonly PluginRequest[],
  runtime: ResolveRuntime,
): Promise<readonly PluginSpec[]> {
  const isTrustNeeded = requests.some((request) => !request.isGrant);
  const trust = isTrustNeeded ? await readTrust(runtime) : {};
  return await Promise.all(
    requests.map(async ({ reference, options, net, secrets, isGrant }): Promise<PluginSpec> => {
      const file = await findPlugin(reference, runtime);
      const given = { options, net, secrets };
      if (isGrant || file.isBundled) return { file, ...given };
      const record = Object.hasOwn(trust, file.path) ? trust[file.path] : undefined;
      const trusted = trustedFile(file, record);
      const check =
        record &&
        ((manifest: Parameters<typeof checkGrant>[1]) => checkGrant(file, manifest, record));
      return { file: trusted, ...given, check };
    }),
  );
}
