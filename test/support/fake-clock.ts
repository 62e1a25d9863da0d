import type { Clock } from "../../lib/base/clock.ts";

/** A clock that stands still until a test moves it. */
export interface FakeClock extends Clock {
  /** Moves on, running what becomes due in order. */
  advance(ms: number): void;
  /** Returns how many timers are waiting. */
  pending(): number;
}

/** Returns a clock that shows `startMs` and moves only by `advance`. */
export function fakeClock(startMs = Date.UTC(2030, 0, 1)): FakeClock {
  let elapsedMs = 0;
  let timers: { readonly atMs: number; readonly task: () => void }[] = [];
  return {
    now: () => startMs + elapsedMs,
    monotonicMs: () => elapsedMs,
    after(delayMs, task) {
      const timer = { atMs: elapsedMs + delayMs, task };
      timers.push(timer);
      return () => {
        timers = timers.filter((one) => one !== timer);
      };
    },
    advance(ms) {
      const endMs = elapsedMs + ms;
      for (;;) {
        const due = timers
          .filter((one) => one.atMs <= endMs)
          .sort((left, right) => left.atMs - right.atMs)[0];
        if (due === undefined) break;
        elapsedMs = due.atMs;
        timers = timers.filter((one) => one !== due);
        due.task();
      }
      elapsedMs = endMs;
    },
    pending: () => timers.length,
  };
}

/** Returns a clock whose waits are over as soon as they begin, and are noted in `waits`. */
export function hastyClock(waits: number[], clock: FakeClock = fakeClock()): FakeClock {
  return {
    ...clock,
    after(delayMs, task) {
      waits.push(delayMs);
      const stop = clock.after(delayMs, task);
      setImmediate(() => clock.advance(delayMs));
      return stop;
    },
  };
}
