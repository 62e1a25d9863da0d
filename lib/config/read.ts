import { concatBytes } from "../base/bytes.ts";
import { codeOf, messageOf, WeirError } from "../base/errors.ts";
import type { FileFacts, Files, Runtime } from "../runtime/runtime.ts";
import type { Source } from "./problem.ts";

const CAP_BYTES = 1024 * 1024;

/** Where the configuration is looked for. */
export interface ConfigPath {
  readonly file: string;
  /** What named the file; undefined for the default, which may be missing. */
  readonly namedBy: "--config" | "WEIR_CONFIG" | undefined;
}

/** The text of a configuration file and its permission bits. */
export interface ReadConfig extends Source {
  readonly mode: number;
}

/**
 * Returns where the configuration is looked for, undefined when there is no home folder.
 *
 * An empty variable counts as not set. A relative XDG_CONFIG_HOME or HOME is ignored, as the XDG
 * Base Directory Specification asks for: else the working directory would decide on the policy.
 */
export function configPath(
  env: (name: string) => string | undefined,
  named?: string,
): ConfigPath | undefined {
  if (named !== undefined) return { file: named, namedBy: "--config" };
  const fromEnv = env("WEIR_CONFIG");
  if (fromEnv !== undefined && fromEnv !== "") return { file: fromEnv, namedBy: "WEIR_CONFIG" };
  const home = env("HOME");
  const folders = [env("XDG_CONFIG_HOME"), home === undefined ? undefined : `${home}/.config`];
  const folder = folders.find((one) => one?.startsWith("/"));
  if (folder === undefined) return undefined;
  return { file: `${folder.replace(/\/+$/, "")}/weir/config.toml`, namedBy: undefined };
}

/** Says whether there is a configuration to read, without reading it. */
export async function hasConfig(
  { files, env }: Pick<Runtime, "files" | "env">,
  named?: string,
): Promise<boolean> {
  const where = configPath(env, named);
  if (where?.namedBy !== undefined) return true;
  return where !== undefined && (await factsOf(files, where)) !== undefined;
}

function unreadable({ file, namedBy }: ConfigPath, reason: string, cause?: unknown): WeirError {
  const byDefault = "Correct the file, or name another with --config (/dev/null for none)";
  const hint = namedBy === undefined ? byDefault : `Name a file with ${namedBy} that can be read`;
  return new WeirError("CONFIG_UNREADABLE", `Configuration ${file} ${reason}`, {
    hint,
    details: { file },
    cause,
  });
}

async function factsOf(files: Files, where: ConfigPath): Promise<FileFacts | undefined> {
  try {
    return await files.stat(where.file);
  } catch (error) {
    // Going on without the file would go on without its policy and its audit.
    throw unreadable(where, `cannot be read (${codeOf(error) || messageOf(error)})`, error);
  }
}

async function bytesOf(files: Files, where: ConfigPath, facts: FileFacts): Promise<Uint8Array> {
  if (facts.isFile && facts.sizeBytes <= CAP_BYTES) return files.read(where.file);
  // A pipe of the shell and /dev/null are legal; what never ends must be stopped at the cap.
  const chunks: Uint8Array[] = [];
  let count = 0;
  for await (const chunk of files.chunks(where.file)) {
    chunks.push(chunk);
    count += chunk.byteLength;
    if (count > CAP_BYTES) throw unreadable(where, "is larger than 1 MiB");
  }
  return concatBytes(chunks);
}

/** Returns how many bytes at the start of `bytes` are UTF-8. */
function goodBytes(bytes: Uint8Array): number {
  let good = 0;
  for (let bad = bytes.byteLength + 1; bad - good > 1;) {
    const middle = (good + bad) >> 1;
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, middle), { stream: true });
      good = middle;
    } catch {
      // The answer: the first bad byte lies before the middle.
      bad = middle;
    }
  }
  return good;
}

function textOf(where: ConfigPath, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    const before = new TextDecoder().decode(bytes.subarray(0, goodBytes(bytes)));
    const line = before.split("\n").length;
    throw unreadable(where, `is not UTF-8: line ${line} has a byte that is none`, error);
  }
}

/**
 * Returns the configuration file, undefined when nothing names one and the default is missing.
 *
 * @throws {WeirError} CONFIG_UNREADABLE when a named file is missing, and when a file cannot be
 *   read, is a folder, larger than 1 MiB or not UTF-8
 */
export async function readConfigFile(
  { files, env }: Pick<Runtime, "files" | "env">,
  named?: string,
): Promise<ReadConfig | undefined> {
  const where = configPath(env, named);
  if (where === undefined) return undefined;
  const facts = await factsOf(files, where);
  if (facts === undefined) {
    if (where.namedBy === undefined) return undefined;
    throw unreadable(where, "does not exist");
  }
  if (facts.isDirectory) throw unreadable(where, "is a folder, not a file");
  try {
    const text = textOf(where, await bytesOf(files, where, facts));
    return { file: where.file, text, mode: facts.mode };
  } catch (error) {
    if (error instanceof WeirError) throw error;
    throw unreadable(where, `cannot be read (${codeOf(error) || messageOf(error)})`, error);
  }
}
