import { WeirError } from "../../../lib/base/errors.ts";
import { loadPlaybook } from "../../../lib/pipeline/index.ts";
import type { Playbook } from "../../../lib/pipeline/model.ts";
import type { Flags } from "../../flags.ts";
import type { Io } from "../../io.ts";
import { readText } from "./workload.ts";

/**
 * Reads and checks a pipeline file; `-` is standard input.
 *
 * @throws {WeirError} IO_READ, DATA_NOT_UTF8, PIPELINE_INVALID, TEMPLATE_*
 */
export async function readPlaybook(file: string, flags: Flags, io: Io): Promise<Playbook> {
  if (file === "-" && flags.text("input") === "-") {
    throw new WeirError("USAGE_CONFLICT", "The pipeline and --input are both standard input", {
      hint: "Name a file for one of them",
    });
  }
  return loadPlaybook(await readText(file, "", io), { file });
}

/** Returns the folder of a pipeline file: what relative paths in it start from. */
export function folderOf(file: string, io: Io): string {
  const cwd = io.runtime.cwd();
  if (file === "-") return cwd;
  const path = file.startsWith("/") ? file : `${cwd}/${file}`;
  return path.slice(0, path.lastIndexOf("/"));
}
