/*
 * The audit file: one line a record, each naming the hash of the one before.
 *
 * record.ts is the shape of a line, writer.ts adds to the chain, verify.ts walks it, read.ts shows
 * it. Callers say what is asked and what became of it; this room masks, orders and writes it, and
 * judges nothing. Several processes may share one file: a lock keeps their lines apart.
 */
import type { Clock } from "../base/clock.ts";
import { WeirError } from "../base/errors.ts";
import { Redactor } from "../base/redact.ts";
import type { Secret } from "../base/secret.ts";
import type { FileLock, Files } from "../runtime/runtime.ts";
import { chainHash } from "./hash.ts";
import type { AuditEntry } from "./record.ts";
import { maskedEntry } from "./record.ts";
import type { StampedEntry } from "./writer.ts";
import { ChainWriter } from "./writer.ts";

/** How one audit file is written. */
export interface AuditLogOptions {
  readonly path: string;
  /** Size at which the file is rotated; 100 MB when not given. */
  readonly maxBytes?: number | undefined;
  /** Rotated files that are kept, at least 1; 10 when not given. */
  readonly keep?: number | undefined;
  /** Makes the chain one of HMACs, which nobody without the key can write. */
  readonly key?: Secret | undefined;
  /** Names this process in its records. */
  readonly session: string;
  /** Masks known secrets in every field. */
  readonly redactor?: Redactor | undefined;
  /** True: a record outlasts a power failure, at the cost of a disk flush for each group. */
  readonly isSynced?: boolean | undefined;
  /** How long another process may hold the file; 5 s when not given. */
  readonly lockTimeoutMs?: number | undefined;
}

/** What the log needs of the runtime. */
export interface AuditPorts {
  readonly files: Files;
  readonly clock: Clock;
}

interface Waiting extends StampedEntry {
  readonly resolve: () => void;
  readonly reject: (error: WeirError) => void;
}

/** Records that are written under one lock at most. */
const GROUP_LIMIT = 256;
const LONGEST_PAUSE_MS = 8;

/**
 * Opens the audit file at `options.path`, and makes it when it is not there.
 *
 * @throws {WeirError} AUDIT_WRITE when it cannot be written, AUDIT_BROKEN when it cannot be continued
 */
export async function openAuditLog(options: AuditLogOptions, ports: AuditPorts): Promise<AuditLog> {
  const { path, maxBytes = 100_000_000, keep = 10, session, isSynced = false } = options;
  return translated(path, async () => {
    const settings = { path, maxBytes, keep: Math.max(1, keep), session, isSynced };
    const writer = new ChainWriter(settings, ports.files, await chainHash(options.key));
    const lock = await ports.files.openLock(`${path}.lock`);
    const log = new AuditLog(options, ports.clock, writer, lock);
    await log.check();
    return log;
  });
}

/** Writes to one audit file. What is appended while a write is under way is written as one group. */
export class AuditLog {
  readonly #options: AuditLogOptions;
  readonly #clock: Clock;
  readonly #writer: ChainWriter;
  readonly #lock: FileLock;
  readonly #redactor: Redactor;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  /** Once the chain was found broken nothing is added: the finding must not be written over. */
  #broken: WeirError | undefined;

  constructor(options: AuditLogOptions, clock: Clock, writer: ChainWriter, lock: FileLock) {
    this.#options = options;
    this.#clock = clock;
    this.#writer = writer;
    this.#lock = lock;
    this.#redactor = options.redactor ?? new Redactor();
  }

  /**
   * Resolves when the entry, masked, is in the file.
   *
   * @throws {WeirError} AUDIT_WRITE or AUDIT_BROKEN; the request must not be sent then
   */
  append(entry: AuditEntry): Promise<void> {
    const ts = new Date(this.#clock.now()).toISOString();
    const masked = maskedEntry(entry, this.#redactor);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entry: masked, ts, resolve, reject });
      this.#running ??= this.#drain();
    });
  }

  /** Looks at the file without adding to it; throws as `append` does. */
  check(): Promise<void> {
    return this.#locked(() => this.#writer.look());
  }

  /** Resolves when everything appended is written and the file is closed. */
  async close(): Promise<void> {
    await this.#running;
    await this.#writer.close();
    this.#lock.close();
  }

  async #drain(): Promise<void> {
    // Calls that start together are to share the first group.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, GROUP_LIMIT);
      try {
        await this.#locked(() => this.#writer.add(group));
        for (const { resolve } of group) resolve();
      } catch (error) {
        const reason = writeError(this.#options.path, error);
        for (const { reject } of group) reject(reason);
      }
    }
    this.#running = undefined;
  }

  async #locked(task: () => Promise<void>): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken;
    await this.#acquire();
    try {
      await task();
    } catch (error) {
      if (error instanceof WeirError && error.code === "AUDIT_BROKEN") this.#broken = error;
      throw error;
    } finally {
      this.#lock.release();
    }
  }

  async #acquire(): Promise<void> {
    const { lockTimeoutMs = 5000, path } = this.#options;
    const startedMs = this.#clock.monotonicMs();
    for (
      let pauseMs = 1;
      !this.#lock.tryAcquire();
      pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)
    ) {
      if (this.#clock.monotonicMs() - startedMs >= lockTimeoutMs) {
        throw new WeirError("AUDIT_WRITE", `Audit file ${path} is held by another process`, {
          hint: `Find the weir process that holds ${path}.lock, and end it`,
          details: { path, lockTimeoutMs },
        });
      }
      await new Promise<void>((resolve) => this.#clock.after(pauseMs, resolve));
    }
  }
}

async function translated<T>(path: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    throw writeError(path, error);
  }
}

function writeError(path: string, error: unknown): WeirError {
  if (error instanceof WeirError) return error;
  return new WeirError("AUDIT_WRITE", `Audit file ${path} cannot be written`, {
    hint: "Check that the folder is yours and the disk has room, or set path under [audit]; a symbolic link is refused",
    details: { path },
    cause: error,
  });
}
