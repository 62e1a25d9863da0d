import * as fs from "node:fs";
import { dirname } from "node:path";
import { factsOf } from "./facts.ts";
import type { AppendFile, FileLock } from "./runtime.ts";

// Files that several processes write to at once: each write goes to the end, and a lock that the
// kernel frees when its holder dies keeps the writes of one process together.

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_RDWR } = fs.constants;

/** Opens `path` to add to its end; makes it, and its folder, when it is not there. */
export async function openAppend(path: string, mode = 0o600): Promise<AppendFile> {
  await fs.promises.mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await fs.promises.open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW, mode);
  return {
    facts: async () => factsOf(await file.stat()),
    async read(start, end) {
      const bytes = new Uint8Array(Math.max(0, end - start));
      let count = 0;
      while (count < bytes.byteLength) {
        const { bytesRead } = await file.read(
          bytes,
          count,
          bytes.byteLength - count,
          start + count,
        );
        if (bytesRead === 0) break;
        count += bytesRead;
      }
      return bytes.subarray(0, count);
    },
    async append(bytes) {
      const { bytesWritten } = await file.write(bytes, 0, bytes.byteLength, null);
      // Going on with a second write could put another writer's bytes between the two halves.
      if (bytesWritten < bytes.byteLength) {
        throw Object.assign(new Error(`Only ${bytesWritten} bytes were written`), {
          code: "ENOSPC",
        });
      }
    },
    restrict: () => file.chmod(mode),
    sync: () => file.sync(),
    close: () => file.close(),
  };
}

/** Opens a lock that lives in the file at `path`; nothing is ever written to it. */
export async function openLock(path: string): Promise<FileLock> {
  const { DatabaseSync } = await import("node:sqlite");
  await touch(path);
  // Neither runtime offers flock or fcntl, and a file whose existence is the lock outlives its
  // holder. SQLite takes its write lock with fcntl, on a file that stays empty.
  const database = new DatabaseSync(path);
  const begin = database.prepare("BEGIN IMMEDIATE");
  const rollback = database.prepare("ROLLBACK");
  return {
    tryAcquire() {
      try {
        begin.run();
        return true;
      } catch (error) {
        if (isBusy(error)) return false;
        throw error;
      }
    },
    release() {
      rollback.run();
    },
    close: () => database.close(),
  };
}

/** Makes an empty file unless there is one: SQLite itself would let others read it. */
async function touch(path: string): Promise<void> {
  await fs.promises.mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    await (await fs.promises.open(path, "wx", 0o600)).close();
  } catch (error) {
    // Opening and closing the file that is there would free a lock this process holds on it.
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}

/** SQLITE_BUSY. */
const BUSY = 5;

function isBusy(error: unknown): boolean {
  if (!(error instanceof Error) || !("code" in error)) return false;
  // deno 2.9: its errors carry no errcode; drop the second half when they do.
  const number = "errcode" in error ? error.errcode : undefined;
  return error.code === "ERR_SQLITE_ERROR" && (number === BUSY || number === undefined);
}
