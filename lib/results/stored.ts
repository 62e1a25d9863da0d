import { createHash } from "node:crypto";
import { Readable, pipeline } from "node:stream";
import { codeOf, messageOf } from "../base/errors.ts";
import { isLink } from "../runtime/real-path.ts";
import type { Files } from "../runtime/runtime.ts";
import type { Clock } from "../base/clock.ts";
import { readIndex } from "./index-file.ts";
import { notAvailable } from "./problem.ts";
import { fileNameOf, hasExpired, readReferenceUri, type ResultReference } from "./reference.ts";

/** A stored result that was found. */
export interface StoredResult {
  readonly reference: ResultReference;
  /** The body as it came. Read to its end, it is the one that was stored: its hash is compared. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** What reading stored results takes. */
export interface StoredOptions {
  readonly files: Files;
  readonly clock: Clock;
  /** The folder with one folder for each run. */
  readonly runsFolder: string;
}

/** Returns the folder of a run's results. */
export function resultsFolder(runsFolder: string, runId: string): string {
  return `${runsFolder}/${runId}/results`;
}

/**
 * Opens a result that any process has stored.
 *
 * @throws {WeirError} REFERENCE_NOT_AVAILABLE, IO_READ; the chunks throw them too
 */
export async function openStored(
  { files, clock, runsFolder }: StoredOptions,
  ref: string,
): Promise<StoredResult> {
  const place = readReferenceUri(ref);
  if (place === undefined) throw malformed(ref);
  const folder = resultsFolder(runsFolder, place.runId);
  const { references } = await readIndex(files, folder, place.runId);
  const reference = references.get(ref);
  if (reference === undefined) throw notAvailable(ref, "its run knows no such result, or no more");
  if (reference.store === "memory") {
    throw notAvailable(ref, "it was kept in the memory of a process that has ended");
  }
  return { reference, chunks: await openFile(files, folder, reference, clock.now()) };
}

/** Returns the error for a text that is no reference. */
export function malformed(ref: string): Error {
  return notAvailable(ref, "it does not read weir://run/<id>/step/<step>/task/<task>/<number>");
}

/**
 * Opens the file of a reference; the bytes come decompressed.
 *
 * @throws {WeirError} REFERENCE_NOT_AVAILABLE; the chunks throw it too when they are not the body
 */
export async function openFile(
  files: Files,
  folder: string,
  reference: ResultReference,
  nowMs: number,
): Promise<AsyncIterable<Uint8Array>> {
  const { ref, meta } = reference;
  if (hasExpired(reference, nowMs))
    throw notAvailable(ref, `it expired at ${reference.expires_at}`);
  const path = `${folder}/${fileNameOf(meta)}`;
  try {
    const facts = await files.stat(path);
    if (facts?.isFile !== true) throw notAvailable(ref, "its file is not there");
    // weir makes none, and what it leads to would be printed before its hash is known.
    if (await isLink(path)) throw notAvailable(ref, "its file is a link");
  } catch (error) {
    throw unreadable(ref, error);
  }
  return checked(
    meta.compression === "gzip" ? gunzipped(files, path) : plain(files, path),
    reference,
  );
}

/** Opens the file when the first chunk is asked for: one that nobody reads would stay open. */
async function* plain(files: Files, path: string): AsyncGenerator<Uint8Array> {
  yield* files.chunks(path);
}

async function* gunzipped(files: Files, path: string): AsyncGenerator<Uint8Array> {
  const { createGunzip } = await import("node:zlib");
  const gunzip = createGunzip();
  // Its error reaches the loop below: the pipeline destroys the decompressor with it.
  pipeline(Readable.from(files.chunks(path)), gunzip, () => undefined);
  for await (const chunk of gunzip) yield chunk;
}

/** Passes a body on and throws when it is not the one that was stored. */
async function* checked(
  chunks: AsyncIterable<Uint8Array>,
  { ref, meta }: ResultReference,
): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    for await (const chunk of chunks) {
      bytes += chunk.byteLength;
      // A file may be anyone's, and a small one may decompress to a large body.
      if (bytes > meta.bytes) throw notAvailable(ref, "its file is longer than what was stored");
      hash.update(chunk);
      yield chunk;
    }
  } catch (error) {
    throw unreadable(ref, error);
  }
  if (hash.digest("hex") === meta.sha256) return;
  throw notAvailable(ref, "its file is not what was stored");
}

function unreadable(ref: string, error: unknown): Error {
  if (codeOf(error) === "REFERENCE_NOT_AVAILABLE" && error instanceof Error) return error;
  return notAvailable(ref, `its file cannot be read: ${messageOf(error)}`, error);
}
