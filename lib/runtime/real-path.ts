import { lstat, realpath } from "node:fs/promises";

/** Returns the path without symbolic links; rejects with the system's error when nothing is there. */
export function realPath(path: string): Promise<string> {
  return realpath(path);
}

/** Says whether a path is a symbolic link, one that leads to nothing too. */
export async function isLink(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSymbolicLink();
  } catch {
    // Nothing is there, or nobody may look: then it leads nowhere.
    return false;
  }
}
