import { utf8 } from "../base/bytes.ts";
import { WeirError } from "../base/errors.ts";
import type { Clock } from "../base/clock.ts";
import { isRecord } from "../base/record.ts";
import type { FileLock, Files } from "../runtime/runtime.ts";
import { linesOf } from "./lines.ts";
import { notRead, notWritten } from "./problem.ts";
import { readReference, readReferenceUri, type ResultReference } from "./reference.ts";

// The index of a run's results: one JSON object a line, only ever added to. {"put": reference} makes a
// reference, {"drop": uri} ends it. A line stays after its reference ended, so that no later result
// is given a number that an old reference still names.

/** What the index of a run says. */
export interface ResultIndex {
  /** References that were not dropped, by URI. */
  readonly references: Map<string, ResultReference>;
  /** Highest number given, by `placeKey`. */
  readonly numbers: Map<string, number>;
}

/** A line of the index. */
export type IndexRow = { readonly put: ResultReference } | { readonly drop: string };

/** Fields of a reference and what surrounds them: above any line that weir writes. */
const LINE_CAP_BYTES = 256 * 1024 * 1024;

/** Returns the key under which the results of a task are counted. */
export function placeKey(step: string, task: string): string {
  return JSON.stringify([step, task]);
}

/** Returns the path of the index in a folder of results. */
function indexPath(folder: string): string {
  return `${folder}/index.jsonl`;
}

/**
 * Reads the index of the run `runId`; an empty one when there is none.
 *
 * Lines that are no rows are passed over: the last one may be torn, and any other names nothing.
 *
 * @throws {WeirError} IO_READ
 */
export async function readIndex(files: Files, folder: string, runId: string): Promise<ResultIndex> {
  const path = indexPath(folder);
  const index: ResultIndex = { references: new Map(), numbers: new Map() };
  try {
    if ((await files.stat(path)) === undefined) return index;
    const refuse = (line: number): never => {
      throw new WeirError("IO_READ", `Line ${line} of ${path} is too long`, { details: { path } });
    };
    for await (const { bytes, isWhole } of linesOf(files.chunks(path), LINE_CAP_BYTES, refuse)) {
      if (isWhole) applyRow(index, parseRow(bytes), runId);
    }
  } catch (error) {
    throw notRead(path, error);
  }
  return index;
}

function parseRow(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // A line that a crash cut and that was written on after; it never named anything.
    return undefined;
  }
}

function applyRow({ references, numbers }: ResultIndex, row: unknown, runId: string): void {
  if (!isRecord(row)) return;
  if (typeof row["drop"] === "string") references.delete(row["drop"]);
  const reference = readReference(row["put"]);
  const place = reference && readReferenceUri(reference.ref);
  if (reference === undefined || place?.runId !== runId) return;
  const key = placeKey(place.step, place.task);
  numbers.set(key, Math.max(numbers.get(key) ?? 0, place.number));
  references.set(reference.ref, reference);
}

const LINE_FEED = 10;

/**
 * Adds rows to the index and returns when they would outlast a power failure. Needs the lock.
 *
 * @throws {WeirError} IO_WRITE
 */
export async function addRows(
  files: Files,
  folder: string,
  rows: readonly IndexRow[],
): Promise<void> {
  if (rows.length === 0) return;
  const path = indexPath(folder);
  try {
    const file = await files.openAppend(path);
    try {
      const { sizeBytes } = await file.facts();
      const [last = LINE_FEED] = await file.read(Math.max(0, sizeBytes - 1), sizeBytes);
      const text = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
      await file.append(utf8(last === LINE_FEED ? text : `\n${text}`));
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw notWritten(path, error);
  }
}

/** How long another process may hold the index. */
const LOCK_TIMEOUT_MS = 10_000;
const LOCK_PAUSE_MS = 5;

/** Opens the lock under which the index and the files of a folder are changed. */
export function openIndexLock(files: Files, folder: string): Promise<FileLock> {
  return files.openLock(`${folder}/index.lock`);
}

/** Waits for the lock; returns false when another process holds it for too long. */
export async function acquire(lock: FileLock, clock: Clock): Promise<boolean> {
  const endMs = clock.monotonicMs() + LOCK_TIMEOUT_MS;
  while (!lock.tryAcquire()) {
    if (clock.monotonicMs() > endMs) return false;
    await new Promise<void>((resolve) => {
      clock.after(LOCK_PAUSE_MS, resolve);
    });
  }
  return true;
}
