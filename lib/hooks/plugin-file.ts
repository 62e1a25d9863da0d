import { codeOf, messageOf, WeirError } from "../base/errors.ts";
import { isRecord } from "../base/record.ts";
import { realPath } from "../runtime/real-path.ts";
import type { Files } from "../runtime/runtime.ts";
import { isTypeScript, stripTypes } from "./typescript.ts";

/** The files of one plugin. */
export interface PluginFile {
  /** Where it is, for messages: an absolute path, or the name of a plugin that ships with weir. */
  readonly path: string;
  /** Path of the main module in its folder. */
  readonly main: string;
  /** Contents of plugin.toml; undefined when there is none, and the module exports the manifest. */
  readonly manifest: Readonly<Record<string, unknown>> | undefined;
  /** True for a plugin that ships with weir. */
  readonly isBundled: boolean;
  /** Returns a module as JavaScript. Throws PLUGIN_INVALID for one that is not the plugin's. */
  read(path: string): Promise<string>;
  /** SHA-256, in hex, of every file read so far, by its path in the folder. */
  digests(): Readonly<Record<string, string>>;
}

/** Bytes of one module. */
const MODULE_CAP_BYTES = 4 * 1024 * 1024;

const MODULE_NAME = /\.[cm]?[jt]s$/;

/** Returns the SHA-256 of `bytes` in hex. */
async function sha256(bytes: Uint8Array): Promise<string> {
  // A copy whose buffer is an ArrayBuffer for sure, which is what digest() takes.
  const digest = await crypto.subtle.digest("SHA-256", Uint8Array.from(bytes));
  return new Uint8Array(digest).toHex();
}

function invalid(path: string, what: string, cause?: unknown): WeirError {
  return new WeirError("PLUGIN_INVALID", `Plugin ${path} ${what}`, {
    hint: "A plugin is a .js or .ts file, or a folder with plugin.toml and its main module",
    details: { path },
    cause,
  });
}

/** The folder of a plugin: reads nothing outside of it, through no link either. */
class PluginFolder {
  readonly #files: Files;
  readonly #root: string;
  readonly #digests = new Map<string, string>();

  constructor(files: Files, root: string) {
    this.#files = files;
    this.#root = root;
  }

  digests(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#digests);
  }

  /** Returns the bytes of `path` in the folder. */
  async bytes(path: string): Promise<Uint8Array> {
    const whole = `${this.#root}/${path}`;
    const isPlain = path !== "" && !path.includes("\0") && !path.includes("\\");
    if (!isPlain || path.split("/").includes("..") || path.startsWith("/")) {
      throw invalid(path, `is outside of the plugin's folder ${this.#root}`);
    }
    const real = await realPath(whole).catch((error: unknown) => {
      throw invalid(whole, "does not exist", error);
    });
    if (!real.startsWith(`${this.#root}/`)) {
      throw invalid(whole, `is a link out of the plugin's folder`);
    }
    const facts = await this.#files.stat(real);
    if (facts?.isFile !== true) throw invalid(whole, "is not a file");
    if (facts.sizeBytes > MODULE_CAP_BYTES) throw invalid(whole, "is larger than 4 MiB");
    const bytes = await this.#files.read(real);
    this.#digests.set(path, await sha256(bytes));
    return bytes;
  }

  async read(path: string): Promise<string> {
    if (path.startsWith("not-relative:")) {
      const name = path.slice("not-relative:".length);
      throw invalid(name, "cannot be imported: a plugin imports relative files of its own folder");
    }
    if (!MODULE_NAME.test(path)) throw invalid(path, "is no module: its name ends in .js or .ts");
    const text = new TextDecoder("utf-8", { fatal: true }).decode(await this.bytes(path));
    return isTypeScript(path) ? await stripTypes(text, path) : text;
  }
}

/**
 * Opens the plugin at an absolute path: a module, or a folder with plugin.toml.
 *
 * @throws {WeirError} PLUGIN_INVALID
 */
export async function openPluginFile(files: Files, path: string): Promise<PluginFile> {
  const real = await realPath(path).catch((error: unknown) => {
    const what = codeOf(error) === "ENOENT" ? "does not exist" : "cannot be read";
    throw invalid(path, what, error);
  });
  const facts = await files.stat(real);
  if (facts?.isDirectory === true) return await openFolder(files, real);
  if (!MODULE_NAME.test(real)) throw invalid(path, "is no module: its name ends in .js or .ts");
  const [folder, main] = splitPath(real);
  return fileOf(new PluginFolder(files, folder), { path: real, main, manifest: undefined });
}

function splitPath(path: string): readonly [folder: string, name: string] {
  const at = path.lastIndexOf("/");
  return [path.slice(0, at), path.slice(at + 1)];
}

async function openFolder(files: Files, root: string): Promise<PluginFile> {
  const folder = new PluginFolder(files, root);
  const bytes = await folder.bytes("plugin.toml");
  const { main, ...manifest } = await parseManifest(bytes, `${root}/plugin.toml`);
  if (typeof main !== "string") {
    throw invalid(`${root}/plugin.toml`, 'names no module: main = "main.js"');
  }
  return fileOf(folder, { path: root, main: main.replace(/^\.\//, ""), manifest });
}

async function parseManifest(
  bytes: Uint8Array,
  path: string,
): Promise<Readonly<Record<string, unknown>>> {
  const { parse } = await import("smol-toml");
  try {
    const table: unknown = parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return isRecord(table) ? table : {};
  } catch (error) {
    throw invalid(path, `is not valid TOML: ${messageOf(error).split("\n")[0]}`, error);
  }
}

function fileOf(
  folder: PluginFolder,
  about: Pick<PluginFile, "path" | "main" | "manifest">,
): PluginFile {
  return {
    ...about,
    isBundled: false,
    read: (path) => folder.read(path),
    digests: () => folder.digests(),
  };
}
