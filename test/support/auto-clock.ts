import { type FakeClock, fakeClock } from "./fake-clock.ts";

/** A clock that moves only by the waits it is told of. */
export interface AutoClock extends FakeClock {
  /** Ends a wait of this length, which has begun or is about to. */
  skip(waitMs: number): void;
}

/** Returns a clock whose waits are over once a run has said that it waits. */
export function autoClock(): AutoClock {
  const clock = fakeClock();
  const begun: number[] = [];
  const told: number[] = [];
  const meet = (waitMs: number): void => {
    const [mine, other] = [begun.indexOf(waitMs), told.indexOf(waitMs)];
    if (mine < 0 || other < 0) return;
    begun.splice(mine, 1);
    told.splice(other, 1);
    setImmediate(() => clock.advance(waitMs));
  };
  return {
    ...clock,
    after(delayMs, task) {
      const stop = clock.after(delayMs, task);
      begun.push(delayMs);
      meet(delayMs);
      return () => {
        const at = begun.indexOf(delayMs);
        if (at >= 0) begun.splice(at, 1);
        stop();
      };
    },
    skip(waitMs) {
      told.push(waitMs);
      meet(waitMs);
    },
  };
}
