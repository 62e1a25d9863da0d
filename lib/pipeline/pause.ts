import type { Clock } from "../base/clock.ts";
import { WeirError } from "../base/errors.ts";

/** Returns the error that `signal` stands for. */
export function stopped(signal: AbortSignal): WeirError {
  const reason: unknown = signal.reason;
  if (reason instanceof WeirError) return reason;
  return new WeirError("CANCELLED", "The run was stopped", { cause: reason });
}

/**
 * Resolves after `delayMs`.
 *
 * @throws {WeirError} what `signal` stands for, as soon as it aborts
 */
export async function pause(
  delayMs: number,
  clock: Pick<Clock, "after">,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) throw stopped(signal);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onAbort = (): void => reject(stopped(signal));
  const stop = clock.after(delayMs, resolve);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await promise;
  } finally {
    stop();
    signal.removeEventListener("abort", onAbort);
  }
}
