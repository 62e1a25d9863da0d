import type { Clock } from "../base/clock.ts";
import { codeOf } from "../base/errors.ts";
import { realPath } from "../runtime/real-path.ts";
import type { FileFacts, Files } from "../runtime/runtime.ts";
import { acquire, addRows, openIndexLock, readIndex } from "./index-file.ts";
import { notRead, notWritten } from "./problem.ts";
import { fileNameOf, hasExpired, isRunId, type ResultReference } from "./reference.ts";
import { resultsFolder } from "./stored.ts";

/** What collecting takes. */
export interface CollectOptions {
  readonly files: Files;
  readonly clock: Clock;
  readonly runsFolder: string;
  /** Says whether a run is over for good, so that results of its steps are needed no more. */
  readonly isEnded: (runId: string) => boolean | Promise<boolean>;
}

/** What was collected. */
export interface Collected {
  readonly references: number;
  readonly files: number;
  readonly bytes: number;
  /** Runs that were left alone, because another process was changing their results. */
  readonly busyRuns: readonly string[];
}

/** A file that is being written is younger; one that is older was left by a crash. */
const ABANDONED_MS = 60 * 60 * 1000;

/** The only names that are ever removed: bodies by their hash, and bodies being written. */
const BODY = /^[0-9a-f]{64}(?:\.gz)?$/;
const UNFINISHED = /^[0-9a-f]{24}\.tmp$/;

/**
 * Removes results that ended: by their ttl, or with the step of a run that is over; and files that no
 * reference names. A file that another living reference names stays.
 *
 * @throws {WeirError} IO_READ, IO_WRITE
 */
export async function collectGarbage(options: CollectOptions): Promise<Collected> {
  const { files, runsFolder } = options;
  let [references, count, bytes] = [0, 0, 0];
  const busyRuns: string[] = [];
  if ((await files.stat(runsFolder)) === undefined)
    return { references, files: count, bytes, busyRuns };
  for (const runId of await files.list(runsFolder)) {
    const folder = resultsFolder(runsFolder, runId);
    if (!(await isOwnFolder(options, runId))) continue;
    const run = await collectRun(options, runId, folder);
    if (run === undefined) busyRuns.push(runId);
    references += run?.references ?? 0;
    count += run?.files ?? 0;
    bytes += run?.bytes ?? 0;
  }
  return { references, files: count, bytes, busyRuns };
}

/** Says whether the results of a run lie where they seem to: no link leads elsewhere. */
async function isOwnFolder({ files, runsFolder }: CollectOptions, runId: string): Promise<boolean> {
  const folder = resultsFolder(runsFolder, runId);
  if (!isRunId(runId) || (await look(files, folder))?.isDirectory !== true) return false;
  return (await realPath(folder)) === resultsFolder(await realPath(runsFolder), runId);
}

/** Returns what is at a path; undefined for nothing, and for a link that leads round in a circle. */
async function look(files: Files, path: string): Promise<FileFacts | undefined> {
  try {
    return await files.stat(path);
  } catch (error) {
    if (codeOf(error) === "ELOOP") return undefined;
    throw notRead(path, error);
  }
}

interface RunCollected {
  readonly references: number;
  readonly files: number;
  readonly bytes: number;
}

async function collectRun(
  { files, clock, isEnded }: CollectOptions,
  runId: string,
  folder: string,
): Promise<RunCollected | undefined> {
  const isOver = await isEnded(runId);
  const lock = await openIndexLock(files, folder);
  try {
    if (!(await acquire(lock, clock))) return undefined;
    try {
      return await collectLocked(files, runId, folder, { isOver, nowMs: clock.now() });
    } finally {
      lock.release();
    }
  } catch (error) {
    throw notWritten(folder, error);
  } finally {
    lock.close();
  }
}

interface Moment {
  readonly isOver: boolean;
  readonly nowMs: number;
}

async function collectLocked(
  files: Files,
  runId: string,
  folder: string,
  moment: Moment,
): Promise<RunCollected> {
  const all = [...(await readIndex(files, folder, runId)).references.values()];
  const ended = all.filter((one) => hasEnded(one, moment));
  // The rows go first: a reference without a file is worse than a file without a reference.
  await addRows(
    files,
    folder,
    ended.map(({ ref }) => ({ drop: ref })),
  );
  const gone = new Set(ended);
  const living = all.filter((one) => !gone.has(one) && one.store === "disk");
  const named = new Set(living.map(({ meta }) => fileNameOf(meta)));
  let [count, bytes] = [0, 0];
  for (const name of await files.list(folder)) {
    const path = `${folder}/${name}`;
    const facts = await look(files, path);
    if (facts?.isDirectory === true) continue;
    const isGarbage = BODY.test(name)
      ? !named.has(name)
      : UNFINISHED.test(name) && isAbandoned(facts?.modifiedMs ?? 0, moment);
    if (!isGarbage) continue;
    await files.remove(path);
    count += 1;
    bytes += facts?.sizeBytes ?? 0;
  }
  return { references: ended.length, files: count, bytes };
}

function hasEnded(reference: ResultReference, { isOver, nowMs }: Moment): boolean {
  if (reference.scope === "permanent") return false;
  return hasExpired(reference, nowMs) || (isOver && reference.scope === "step");
}

function isAbandoned(modifiedMs: number, { isOver, nowMs }: Moment): boolean {
  return isOver || modifiedMs < nowMs - ABANDONED_MS;
}
