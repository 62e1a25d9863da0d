import type { Stats } from "node:fs";
import process from "node:process";
import type { FileFacts } from "./runtime.ts";

/** Returns what weir wants to know of a file from what the system says. */
export function factsOf(stats: Stats): FileFacts {
  return {
    isFile: stats.isFile(),
    isDirectory: stats.isDirectory(),
    sizeBytes: stats.size,
    mode: stats.mode & 0o777,
    modifiedMs: stats.mtimeMs,
    identity: `${stats.dev}:${stats.ino}`,
    // Systems without user ids have no foreign files either.
    isOwn: stats.uid === 0 || stats.uid === (process.geteuid?.() ?? stats.uid),
  };
}
