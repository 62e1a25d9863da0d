import { WeirError } from "../../../lib/base/errors.ts";
import type { Runtime } from "../../../lib/runtime/runtime.ts";

/** Folder of the locks of runs; its name is none that a run may have. */
const LOCKS = ".locks";

/**
 * Returns the folder that holds one folder for each run.
 *
 * @throws {WeirError} IO_WRITE without a home
 */
export function runsFolder({ env }: Pick<Runtime, "env">): string {
  const named = env("XDG_STATE_HOME");
  const home = env("HOME");
  const folder = named?.startsWith("/") === true ? named : home && `${home}/.local/state`;
  if (folder?.startsWith("/") === true) return `${folder.replace(/\/+$/, "")}/weir/runs`;
  throw new WeirError("IO_WRITE", "There is no folder to keep runs in", {
    hint: "Set HOME or XDG_STATE_HOME",
  });
}

/** Says that a run is under way, until it is disposed of; the lock ends with the process. */
export async function markRunning(
  folder: string,
  runId: string,
  { files }: Pick<Runtime, "files">,
): Promise<AsyncDisposable> {
  await files.makeDirectory(`${folder}/${LOCKS}`);
  const path = lockPath(folder, runId);
  const lock = await files.openLock(path);
  lock.tryAcquire();
  return {
    async [Symbol.asyncDispose]() {
      await files.remove(path);
      lock.close();
    },
  };
}

/** Says whether no process works at a run any more. */
export async function isEnded(
  folder: string,
  runId: string,
  { files }: Pick<Runtime, "files">,
): Promise<boolean> {
  const path = lockPath(folder, runId);
  if ((await files.stat(path)) === undefined) return true;
  const lock = await files.openLock(path);
  try {
    if (!lock.tryAcquire()) return false;
    // Its process died.
    await files.remove(path);
    return true;
  } finally {
    lock.close();
  }
}

function lockPath(folder: string, runId: string): string {
  return `${folder}/${LOCKS}/${runId}`;
}
