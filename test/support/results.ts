import { utf8 } from "../../lib/base/bytes.ts";
import { WeirError } from "../../lib/base/errors.ts";
import type { ResultPolicy, SelectField, StorePolicy } from "../../lib/results/policy.ts";
import { compileSelect } from "../../lib/results/select.ts";
import { type Kept, type KeepRequest, ResultStore } from "../../lib/results/store.ts";
import { detectRuntime } from "../../lib/runtime/detect.ts";
import { type FakeClock, fakeClock } from "./fake-clock.ts";

const runtime = await detectRuntime();

/** What a test changes of a request to keep a body. */
export interface KeepChanges {
  readonly step?: string;
  readonly task?: string;
  readonly store?: Partial<StorePolicy>;
  readonly select?: readonly SelectField[];
  readonly inlineCapBytes?: number;
  readonly previewCapBytes?: number;
  readonly sizeBytes?: number;
}

/** Returns a request to keep a body: above 10 bytes on disk, for an hour. */
export function keepRequest(changes: KeepChanges = {}): KeepRequest {
  const { step = "fetch", task = "page", store, select = [], sizeBytes } = changes;
  const policy: ResultPolicy = {
    store: { kind: "auto", scope: "execution", ttlMs: 3_600_000, compression: "none", ...store },
    select,
    inlineCapBytes: changes.inlineCapBytes ?? 10,
    previewCapBytes: changes.previewCapBytes ?? 20,
  };
  const plan = compileSelect(select);
  return { step, task, contentType: "application/json", policy, plan, sizeBytes };
}

/** Yields bytes in chunks. */
export async function* chunksOf(
  text: string | Uint8Array,
  size = 1000,
): AsyncGenerator<Uint8Array> {
  const bytes = typeof text === "string" ? utf8(text) : text;
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.slice(at, at + size);
}

/** Runs in a folder, as the next process would find them. */
export class RunsFolder {
  readonly clock: FakeClock = fakeClock();
  readonly files = runtime.files;
  readonly runsFolder: string;

  constructor(path: string) {
    this.runsFolder = `${path}/runs`;
  }

  /** Returns the folder of a run's results. */
  folder(runId = "r1"): string {
    return `${this.runsFolder}/${runId}/results`;
  }

  /** Returns a store as a new process makes it. */
  store(runId = "r1", redact?: (text: string) => string): ResultStore {
    const { clock } = this;
    const { files } = runtime;
    const random = (count: number): Uint8Array => runtime.random(count);
    return new ResultStore({
      runId,
      folder: this.folder(runId),
      runsFolder: this.runsFolder,
      runtime: { files, clock, random },
      redact,
    });
  }

  /** Returns the names of a run's files of results. */
  async bodies(runId = "r1"): Promise<readonly string[]> {
    const names = await this.files.list(this.folder(runId));
    return names.filter((name) => !name.startsWith("index.")).toSorted();
  }
}

/** Returns the reference of a body that was stored. */
export function referenceOf(kept: Kept): Extract<Kept, { kind: "reference" }>["reference"] {
  if (kept.kind !== "reference") throw new Error("The body was not stored");
  return kept.reference;
}

/** Reads a body whole. */
export async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of chunks) text += decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}

/** Returns the code of the WeirError that a promise rejects with, "" when it resolves. */
export async function codeOfRejection(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "";
  } catch (error) {
    if (error instanceof WeirError) return error.code;
    throw error;
  }
}
