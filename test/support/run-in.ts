import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type CliOptions, type CliResult, runCli } from "./run-cli.ts";
import { type TemporaryFolder, temporaryFolder } from "./temporary-folder.ts";

/** Texts by the path of their file. */
export type FilesByName = Readonly<Record<string, string>>;

/** Writes files into a folder that goes with its scope; nobody else can read them. */
export function folderOf(files: FilesByName): TemporaryFolder {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder.path, name)), { recursive: true });
    writeFileSync(join(folder.path, name), text, { mode: 0o600 });
  }
  return folder;
}

/** Runs weir in a folder with `files`, which is its home too. */
export async function runIn(
  files: FilesByName,
  argv: readonly string[],
  options: CliOptions = {},
): Promise<CliResult> {
  using folder = folderOf(files);
  return await runCli(argv, { cwd: folder.path, home: folder.path, ...options });
}
