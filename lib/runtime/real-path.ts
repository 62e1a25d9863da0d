import { realpath } from "node:fs/promises";

/** Returns the path without symbolic links; rejects with the system's error when nothing is there. */
export function realPath(path: string): Promise<string> {
  return realpath(path);
}
