import { messageOf, WeirError } from "../base/errors.ts";
import type { Clock } from "../base/clock.ts";
import { denied } from "../exchange/admit.ts";
import {
  NO_USE,
  type QuotaLimits,
  type QuotaState,
  settleQuota,
  takeFromQuota,
} from "../guard/quota.ts";
import type { Files } from "../runtime/runtime.ts";

/** The part of a quota that one call takes. */
export interface Lease {
  /** Takes one request for each hop; throws POLICY_QUOTA when nothing is left. */
  take(): Promise<void>;
  /** Gives the lease back and books the bytes received. Safe to call without `take`. */
  settle(receivedBytes: number): Promise<void>;
}

/** Counts what a policy lets through, over all processes that share the file. */
export interface QuotaStore {
  /** @param timeoutMs after which the lease lapses, in case this process dies */
  lease(id: string, timeoutMs: number): Lease;
  /** Returns a lease for a request within a call: it is counted, and takes no place beside that. */
  within(id: string): Lease;
}

const NO_LEASE: Lease = { take: () => Promise.resolve(), settle: () => Promise.resolve() };

/** The store of a policy without quota. */
export const noQuota: QuotaStore = {
  lease: () => NO_LEASE,
  within: () => NO_LEASE,
};

/** What a store in a file needs. */
export interface QuotaFileOptions {
  readonly path: string;
  readonly limits: QuotaLimits;
  readonly files: Files;
  readonly clock: Clock;
}

/** How long another process may hold the file. */
const LOCK_TIMEOUT_MS = 5000;
const LOCK_PAUSE_MS = 5;

/** Returns a store that keeps its counts in a file, changed under a lock. */
export function quotaFile(options: QuotaFileOptions): QuotaStore {
  let last: Promise<unknown> = Promise.resolve();
  // One change at a time in this process; the lock is for the other ones.
  const change = <T>(use: (state: QuotaState) => { state: QuotaState; result: T }): Promise<T> => {
    const next = last.then(() => changeFile(options, use));
    last = next.catch(() => undefined);
    return next;
  };
  /** @param timeoutMs after which the place it takes lapses; undefined: it takes none */
  const leaseOf = (id: string, timeoutMs: number | undefined): Lease => {
    let isTaken = false;
    return {
      async take() {
        const nowMs = options.clock.now();
        const lease =
          timeoutMs === undefined ? undefined : { id, untilMs: nowMs + timeoutMs + 60_000 };
        const decision = await change((state) => {
          // A redirect is a further request of a call that runs already.
          const others = state.running.filter((one) => one.id !== id);
          const taken = takeFromQuota({ ...state, running: others }, options.limits, {
            nowMs,
            lease,
          });
          return { state: taken.state, result: taken.decision };
        });
        if (decision.verdict === "deny") throw denied(decision);
        isTaken = true;
      },
      async settle(receivedBytes) {
        if (!isTaken) return;
        await change((state) => ({
          state: settleQuota(state, id, receivedBytes),
          result: undefined,
        }));
      },
    };
  };
  return {
    lease: leaseOf,
    within: (id) => leaseOf(id, undefined),
  };
}

async function changeFile<T>(
  { path, files, clock }: QuotaFileOptions,
  use: (state: QuotaState) => { state: QuotaState; result: T },
): Promise<T> {
  try {
    await files.makeDirectory(path.slice(0, path.lastIndexOf("/")));
    const lock = await files.openLock(`${path}.lock`);
    try {
      await acquire(lock, clock);
      try {
        const before = await readState(path, files);
        const { state, result } = use(before);
        if (state !== before) await files.replace(path, JSON.stringify(state));
        return result;
      } finally {
        lock.release();
      }
    } finally {
      lock.close();
    }
  } catch (error) {
    throw new WeirError("POLICY_QUOTA", `The quota cannot be counted: ${messageOf(error)}`, {
      hint: `See that ${path} can be written, or remove it to start counting anew`,
      cause: error,
    });
  }
}

async function acquire(lock: { tryAcquire(): boolean }, clock: Clock): Promise<void> {
  const deadlineMs = clock.monotonicMs() + LOCK_TIMEOUT_MS;
  while (!lock.tryAcquire()) {
    if (clock.monotonicMs() > deadlineMs) throw new Error("another process holds it");
    await new Promise<void>((resolve) => {
      clock.after(LOCK_PAUSE_MS, resolve);
    });
  }
}

async function readState(path: string, files: Files): Promise<QuotaState> {
  if ((await files.stat(path)) === undefined) return NO_USE;
  const state: unknown = JSON.parse(new TextDecoder().decode(await files.read(path)));
  if (!isState(state)) throw new Error("its content is not a quota");
  return state;
}

function isState(value: unknown): value is QuotaState {
  if (typeof value !== "object" || value === null) return false;
  if (!("requests" in value && "bytes" in value && "running" in value && "seconds" in value)) {
    return false;
  }
  const { requests, bytes, running, seconds } = value;
  return (
    isCount(requests) &&
    isCount(bytes) &&
    Array.isArray(running) &&
    running.every(isLease) &&
    Array.isArray(seconds) &&
    seconds.every(isSecond)
  );
}

function isCount(value: unknown): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isLease(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return (
    "id" in value && typeof value.id === "string" && "untilMs" in value && isTime(value.untilMs)
  );
}

function isTime(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value);
}

function isSecond(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every(isCount);
}
