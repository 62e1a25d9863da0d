import type { FileLock, Runtime } from "../runtime/runtime.ts";
import {
  acquire,
  addRows,
  type IndexRow,
  openIndexLock,
  placeKey,
  readIndex,
  type ResultIndex,
} from "./index-file.ts";
import { takeBody, type TakenBody } from "./intake.ts";
import type { ResultPolicy } from "./policy.ts";
import { notAvailable, notWritten } from "./problem.ts";
import {
  fileNameOf,
  hasExpired,
  readReferenceUri,
  type ReferencePlace,
  referenceUri,
  type ResultReference,
} from "./reference.ts";
import { ResultFileWriter } from "./result-file.ts";
import type { SelectPlan } from "./select.ts";
import { malformed, openFile, openStored, type StoredResult } from "./stored.ts";

// Results by reference. A body that a task asks to be stored goes to a file named by its hash while
// selected fields, a preview and a reference stay at hand; later steps and later processes open it
// by the reference. The room reads and writes bodies; when, and for which task, is the caller's.

/** What a store needs. */
export interface ResultStoreOptions {
  readonly runId: string;
  /** Of this run's results alone; made when something is stored. */
  readonly folder: string;
  /** Holds a folder for each run: permanent results of earlier ones are read there. */
  readonly runsFolder?: string | undefined;
  readonly runtime: Pick<Runtime, "files" | "clock" | "random">;
  /** Masks secrets that were opened, in previews and in the index; bodies stay what they are. */
  readonly redact?: ((text: string) => string) | undefined;
}

/** What is known of a body that is to be kept. */
export interface KeepRequest {
  readonly step: string;
  readonly task: string;
  readonly contentType: string | undefined;
  /** Of the body without its codings, when it is known before it is read. */
  readonly sizeBytes?: number | undefined;
  readonly policy: ResultPolicy;
  readonly plan: SelectPlan;
}

/** What became of a body. */
export type Kept = (
  | {
      readonly kind: "inline";
      readonly bytes: Uint8Array;
      readonly extracted: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: "reference"; readonly reference: ResultReference }
) & {
  /** What the caller should warn of. */
  readonly notes: readonly string[];
};

/** The results of one run. One process at a time has a store of a run; `weir run gc` may come by. */
export class ResultStore {
  readonly #options: ResultStoreOptions;
  readonly #memory = new Map<string, Uint8Array>();
  #index: Promise<ResultIndex> | undefined;
  #lock: FileLock | undefined;
  /** Changes of the index, one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ResultStoreOptions) {
    this.#options = options;
  }

  /**
   * Reads a body to its end: it is returned when it is small, else stored.
   *
   * @throws {WeirError} SELECT_*, BODY_TOO_LARGE, IO_WRITE, IO_READ, or what the body throws
   */
  async keep(body: AsyncIterable<Uint8Array>, about: KeepRequest): Promise<Kept> {
    const { policy, plan, sizeBytes } = about;
    if (sizeBytes !== undefined) plan.checkSize(sizeBytes);
    const { files } = this.#options.runtime;
    const newPath = (): string => this.#newPath();
    const taken = await takeBody(body, { files, policy, plan, newPath, redact: this.#redact });
    const { selected, held } = taken;
    const { extracted, notes } = selected;
    if (held instanceof Uint8Array && taken.bytes <= policy.inlineCapBytes) {
      return { kind: "inline", bytes: held, extracted, notes };
    }
    return { kind: "reference", reference: await this.#store(taken, about), notes };
  }

  /**
   * Opens a result of this run, or a permanent one of another; the bytes come decompressed.
   *
   * @throws {WeirError} REFERENCE_NOT_AVAILABLE when it is missing, expired, broken or no reference;
   *   the chunks throw it too
   */
  async open(ref: string): Promise<AsyncIterable<Uint8Array>> {
    const { clock, files } = this.#options.runtime;
    if (this.#isForeign(ref)) return (await this.#foreign(ref)).chunks;
    const reference = await this.entry(ref);
    if (reference.store === "disk") {
      return openFile(files, this.#options.folder, reference, clock.now());
    }
    const bytes = this.#memory.get(reference.meta.sha256);
    if (hasExpired(reference, clock.now())) {
      throw notAvailable(ref, `it expired at ${reference.expires_at}`);
    }
    if (bytes === undefined) throw notAvailable(ref, "it was kept in memory by an earlier process");
    return oneChunk(bytes);
  }

  /**
   * Returns what is known of a result of this run, or of a permanent one of another.
   *
   * @throws {WeirError} REFERENCE_NOT_AVAILABLE
   */
  async entry(ref: string): Promise<ResultReference> {
    if (this.#isForeign(ref)) return (await this.#foreign(ref)).reference;
    const reference = (await this.#loaded()).references.get(ref);
    if (reference === undefined) throw notAvailable(ref, "it was never stored, or it was dropped");
    return reference;
  }

  /**
   * Drops the results whose scope is this step.
   *
   * @throws {WeirError} IO_WRITE
   */
  async endStep(step: string): Promise<void> {
    await this.#last;
    // Most steps leave nothing that ends with them, and then there is no folder to lock.
    if (endedBy(step, (await this.#loaded()).references).length === 0) return;
    await this.#change(async ({ references }) => {
      const ended = endedBy(step, references);
      await this.#add(ended.map(({ ref }) => ({ drop: ref })));
      for (const { ref } of ended) references.delete(ref);
      await this.#removeUnnamed(ended, references);
    });
  }

  /** Frees the lock; results stay. */
  [Symbol.dispose](): void {
    this.#lock?.close();
    this.#lock = undefined;
  }

  #isForeign(ref: string): boolean {
    const place = readReferenceUri(ref);
    if (place === undefined) throw malformed(ref);
    return place.runId !== this.#options.runId;
  }

  /** What is not permanent belongs to its run, which may remove it at any time. */
  async #foreign(ref: string): Promise<StoredResult> {
    const { runsFolder, runtime } = this.#options;
    if (runsFolder === undefined) throw notAvailable(ref, "it belongs to another run");
    const stored = await openStored({ ...runtime, runsFolder }, ref);
    if (stored.reference.scope === "permanent") return stored;
    throw notAvailable(ref, "it belongs to another run, and its scope is not permanent");
  }

  #store(taken: TakenBody, about: KeepRequest): Promise<ResultReference> {
    const { runId, folder, runtime } = this.#options;
    const { held } = taken;
    const stored = this.#change(async ({ references, numbers }) => {
      const key = placeKey(about.step, about.task);
      const number = (numbers.get(key) ?? 0) + 1;
      const place = { runId, step: about.step, task: about.task, number };
      const reference = referenceOf(taken, about, place, runtime.clock.now());
      if (held instanceof ResultFileWriter) {
        // Bytes that were stored before are replaced by themselves.
        await runtime.files.rename(held.path, `${folder}/${fileNameOf(reference.meta)}`);
      }
      await this.#add([{ put: { ...reference, extracted: this.#masked(reference.extracted) } }]);
      if (held instanceof Uint8Array) this.#memory.set(reference.meta.sha256, held);
      numbers.set(key, number);
      references.set(reference.ref, reference);
      return reference;
    });
    return stored.catch(async (error: unknown) => {
      if (held instanceof ResultFileWriter) await held.discard();
      throw error;
    });
  }

  /** Runs `task` alone: no other change in this process, no other process in the folder. */
  #change<T>(task: (index: ResultIndex) => Promise<T>): Promise<T> {
    const next = this.#last.then(async () => {
      const { folder, runtime } = this.#options;
      try {
        const index = await this.#loaded();
        await runtime.files.makeDirectory(folder, 0o700);
        this.#lock ??= await openIndexLock(runtime.files, folder);
        if (!(await acquire(this.#lock, runtime.clock))) {
          throw new Error("another process holds its lock");
        }
        try {
          return await task(index);
        } finally {
          this.#lock.release();
        }
      } catch (error) {
        throw notWritten(folder, error);
      }
    });
    this.#last = next.catch(() => undefined);
    return next;
  }

  #loaded(): Promise<ResultIndex> {
    const { folder, runId, runtime } = this.#options;
    this.#index ??= readIndex(runtime.files, folder, runId);
    return this.#index;
  }

  #add(rows: readonly IndexRow[]): Promise<void> {
    return addRows(this.#options.runtime.files, this.#options.folder, rows);
  }

  async #removeUnnamed(
    ended: readonly ResultReference[],
    references: ReadonlyMap<string, ResultReference>,
  ): Promise<void> {
    const live = [...references.values()];
    const [files, hashes] = [
      new Set(live.filter(({ store }) => store === "disk").map(({ meta }) => fileNameOf(meta))),
      new Set(live.filter(({ store }) => store === "memory").map(({ meta }) => meta.sha256)),
    ];
    for (const { store, meta } of ended) {
      if (store === "memory" && !hashes.has(meta.sha256)) this.#memory.delete(meta.sha256);
      if (store === "memory" || files.has(fileNameOf(meta))) continue;
      await this.#options.runtime.files.remove(`${this.#options.folder}/${fileNameOf(meta)}`);
    }
  }

  readonly #redact = (text: string): string => this.#options.redact?.(text) ?? text;

  /** Later steps of this run have the fields as they are; the index needs no secret in them. */
  #masked(extracted: ResultReference["extracted"]): ResultReference["extracted"] {
    const mask = (_key: string, value: unknown): unknown =>
      typeof value === "string" ? this.#redact(value) : value;
    return this.#options.redact === undefined
      ? extracted
      : // JSON of a map is a map.
        (JSON.parse(JSON.stringify(extracted, mask)) as ResultReference["extracted"]);
  }

  #newPath(): string {
    const name = this.#options.runtime.random(12).toHex();
    return `${this.#options.folder}/${name}.tmp`;
  }
}

function endedBy(
  step: string,
  references: ReadonlyMap<string, ResultReference>,
): readonly ResultReference[] {
  return [...references.values()].filter(
    ({ ref, scope }) => scope === "step" && readReferenceUri(ref)?.step === step,
  );
}

function referenceOf(
  { bytes, sha256, selected, preview, held }: TakenBody,
  { contentType, policy }: KeepRequest,
  place: ReferencePlace,
  nowMs: number,
): ResultReference {
  const { scope, ttlMs, compression } = policy.store;
  const isKept = scope === "permanent" || ttlMs === undefined;
  const isFile = held instanceof ResultFileWriter;
  return {
    kind: "result_ref",
    ref: referenceUri(place),
    store: isFile ? "disk" : "memory",
    scope,
    expires_at: isKept ? null : endOf(nowMs + ttlMs),
    meta: {
      content_type: contentType ?? null,
      bytes,
      sha256,
      compression: isFile ? compression : "none",
    },
    extracted: selected.extracted,
    preview,
  };
}

/** Latest time that a Date can tell, ECMA-262 section 21.4.1.1. */
const LAST_MS = 8.64e15;

function endOf(endMs: number): string {
  return new Date(Math.min(endMs, LAST_MS)).toISOString();
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
