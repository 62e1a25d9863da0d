import { WeirError } from "../base/errors.ts";
import { isRecord } from "../base/record.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Manifest } from "./manifest.ts";
import type { PluginFile } from "./plugin-file.ts";

/** What an operator granted to one plugin, as its files and its wishes stood. */
export interface TrustRecord {
  /** What it calls itself; its storage has this name. Undefined in a record that says none. */
  readonly name: string | undefined;
  /** SHA-256 of every file of the plugin, by its path in the folder. */
  readonly files: Readonly<Record<string, string>>;
  readonly capabilities: readonly string[];
  readonly net: readonly string[];
  readonly trustedAtMs: number;
}

/** Trust records by the absolute path of the plugin. */
export type TrustRecords = Readonly<Record<string, TrustRecord>>;

type TrustRuntime = Pick<Runtime, "files" | "env">;

/** Returns the folder for what plugins keep, undefined when there is no home folder. */
export function pluginDataFolder(env: (name: string) => string | undefined): string | undefined {
  const home = env("HOME");
  const folders = [env("XDG_DATA_HOME"), home === undefined ? undefined : `${home}/.local/share`];
  const folder = folders.find((one) => one?.startsWith("/"));
  return folder === undefined ? undefined : `${folder.replace(/\/+$/, "")}/weir`;
}

function trustPath(env: (name: string) => string | undefined): string | undefined {
  const folder = pluginDataFolder(env);
  return folder === undefined ? undefined : `${folder}/trust.json`;
}

/**
 * Returns every trust record; none when the file is not there.
 *
 * @throws {WeirError} CONFIG_UNSAFE, CONFIG_INVALID
 */
export async function readTrust({ files, env }: TrustRuntime): Promise<TrustRecords> {
  const path = trustPath(env);
  const facts = path === undefined ? undefined : await files.stat(path);
  if (path === undefined || facts === undefined) return {};
  if ((facts.mode & 0o022) !== 0) {
    throw new WeirError("CONFIG_UNSAFE", `Others may write to ${path}, which grants rights`, {
      hint: `Run chmod 600 ${path} after looking at what it says`,
    });
  }
  const value = parseRecords(new TextDecoder().decode(await files.read(path)), path);
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, record]) => {
      const read = readRecord(record);
      return read === undefined ? [] : [[name, read]];
    }),
  );
}

function parseRecords(text: string, path: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value) && isRecord(value["plugins"])) return value["plugins"];
  } catch {
    // Reported below, like any other content that is not ours.
  }
  throw new WeirError("CONFIG_INVALID", `${path} is not a file of trust records`, {
    hint: "Remove it, and trust the plugins again with weir plugin trust FILE",
  });
}

/** Returns undefined for a record that is not one: what cannot be read grants nothing. */
function readRecord(value: unknown): TrustRecord | undefined {
  if (!isRecord(value) || !isRecord(value["files"])) return undefined;
  const { name, files, capabilities, net, trustedAtMs } = value;
  const texts = (list: unknown): string[] =>
    Array.isArray(list) ? list.filter((one) => typeof one === "string") : [];
  const digests = Object.entries(files).flatMap(([path, digest]) =>
    typeof digest === "string" ? [[path, digest] as const] : [],
  );
  return {
    name: typeof name === "string" ? name : undefined,
    files: Object.fromEntries(digests),
    capabilities: texts(capabilities),
    net: texts(net),
    trustedAtMs: typeof trustedAtMs === "number" ? trustedAtMs : 0,
  };
}

/** Records what `manifest` asks for, and the files it was read from, as granted. */
export async function writeTrust(
  runtime: Pick<Runtime, "files" | "env" | "clock">,
  file: PluginFile,
  manifest: Manifest,
): Promise<TrustRecord> {
  const path = trustPath(runtime.env);
  if (path === undefined) {
    throw new WeirError("IO_WRITE", "There is no folder to keep trust records in", {
      hint: "Set HOME or XDG_DATA_HOME",
    });
  }
  const record: TrustRecord = {
    name: manifest.name,
    files: file.digests(),
    capabilities: manifest.capabilities,
    net: manifest.net,
    trustedAtMs: runtime.clock.now(),
  };
  const plugins = { ...(await readTrust(runtime)), [file.path]: record };
  await runtime.files.replace(path, `${JSON.stringify({ version: 1, plugins }, null, 2)}\n`);
  return record;
}

function untrusted(file: PluginFile, what: string): WeirError {
  return new WeirError("PLUGIN_UNTRUSTED", `Plugin ${file.path} ${what}`, {
    hint: `Look at it with weir plugin show ${file.path}, then run weir plugin trust ${file.path}`,
    details: { path: file.path },
  });
}

/** Returns a file that was read and differs from what was trusted, undefined when there is none. */
function changedFile(file: PluginFile, record: TrustRecord): string | undefined {
  const read = Object.entries(file.digests());
  return read.find(([path, digest]) => record.files[path] !== digest)?.[0];
}

/**
 * Returns the file so that it reads nothing but what the operator trusted.
 *
 * @throws {WeirError} PLUGIN_UNTRUSTED when there is no record, or plugin.toml differs from it; later,
 *   from `read`, when another file does
 */
export function trustedFile(file: PluginFile, record: TrustRecord | undefined): PluginFile {
  if (file.isBundled) return file;
  if (record === undefined) throw untrusted(file, "is not trusted");
  const checkFiles = (): void => {
    const changed = changedFile(file, record);
    if (changed === undefined) return;
    throw untrusted(file, `has changed since it was trusted: ${changed}`);
  };
  // plugin.toml has been read by now, to know what the plugin is.
  checkFiles();
  return {
    ...file,
    async read(path) {
      const text = await file.read(path);
      checkFiles();
      return text;
    },
  };
}

/** Returns what a manifest asks for beyond what was granted, undefined when that is nothing. */
function newWish(manifest: Manifest, record: TrustRecord): string | undefined {
  const capability = manifest.capabilities.find((one) => !record.capabilities.includes(one));
  if (capability !== undefined) return `asks for ${capability}, which is new`;
  const host = manifest.net.find((one) => !record.net.includes(one));
  if (host !== undefined) return `asks to reach ${host}, which is new`;
  // Another one's name is another one's storage.
  return manifest.name === record.name ? undefined : `calls itself ${manifest.name}, which is new`;
}

/** Says whether files and manifest are what was trusted. */
export function isAsTrusted(file: PluginFile, manifest: Manifest, record: TrustRecord): boolean {
  return changedFile(file, record) === undefined && newWish(manifest, record) === undefined;
}

/**
 * Throws when a manifest asks for more than was granted, or names another plugin.
 *
 * @throws {WeirError} PLUGIN_UNTRUSTED
 */
export function checkGrant(file: PluginFile, manifest: Manifest, record: TrustRecord): void {
  const wish = newWish(manifest, record);
  if (wish !== undefined) throw untrusted(file, wish);
}
