import { isAbsolute } from "node:path";
import { codeOf, WeirError } from "../base/errors.ts";
import { isLink, realPath } from "../runtime/real-path.ts";

/** Where the files lie that a pipeline names. */
export interface FilePlace {
  /** Folder of the pipeline file, without a final slash. */
  readonly folder: string;
  /** True: the pipeline may name any file; else those below its folder. */
  readonly isTrusted: boolean;
}

/**
 * Returns the path of a file that a pipeline names; relative ones begin at the pipeline's folder.
 *
 * A pipeline from elsewhere could read a key and send it, or write what a shell runs: without
 * `--trust` its files lie below its folder, no link leads out of it, and none is hidden.
 *
 * @throws {WeirError} PIPELINE_UNTRUSTED
 */
export async function pathIn({ folder, isTrusted }: FilePlace, path: string): Promise<string> {
  const whole = isAbsolute(path) ? path : `${folder}/${path}`;
  if (isTrusted) return whole;
  const inner = whole.startsWith(`${folder}/`) ? whole.slice(folder.length + 1) : undefined;
  const hidden = inner?.split(/[\\/]/).find((part) => part !== "." && part.startsWith("."));
  if (inner === undefined || hidden === "..") {
    throw untrusted(path, "is outside the folder of the pipeline");
  }
  if (hidden !== undefined) throw untrusted(path, "is hidden");
  if (await leadsOut(folder, inner)) throw untrusted(path, "is behind a link out of its folder");
  return whole;
}

/** Says whether a symbolic link on the way leads out of the folder. */
async function leadsOut(folder: string, path: string): Promise<boolean> {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  const root = await realOf(folder);
  // What is not there yet is made in the nearest folder that is.
  for (let count = parts.length; count > 0 && root !== undefined; count -= 1) {
    const at = [folder, ...parts.slice(0, count)].join("/");
    const real = await realOf(at);
    if (real !== undefined) return !real.startsWith(root === "/" ? root : `${root}/`);
    if (await isLink(at)) return true;
  }
  return false;
}

async function realOf(path: string): Promise<string | undefined> {
  try {
    return await realPath(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined;
    // Links in a circle, folders that nobody may enter: whoever opens the file says so.
    return path;
  }
}

function untrusted(path: string, why: string): WeirError {
  const shown = JSON.stringify(path.slice(0, 200));
  return new WeirError("PIPELINE_UNTRUSTED", `The pipeline names the file ${shown}, which ${why}`, {
    hint: "Add --trust if the pipeline is yours, or keep its files below its folder",
    details: { path },
  });
}
