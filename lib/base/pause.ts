import type { Clock } from "./clock.ts";

/**
 * Resolves after `delayMs`.
 *
 * @param stopped makes the error that is thrown as soon as `signal` aborts
 */
export async function pause(
  delayMs: number,
  clock: Pick<Clock, "after">,
  signal: AbortSignal | undefined,
  stopped: (signal: AbortSignal) => Error,
): Promise<void> {
  if (signal?.aborted === true) throw stopped(signal);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onAbort = (): void => {
    if (signal !== undefined) reject(stopped(signal));
  };
  const stop = clock.after(delayMs, resolve);
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    await promise;
  } finally {
    stop();
    signal?.removeEventListener("abort", onAbort);
  }
}
