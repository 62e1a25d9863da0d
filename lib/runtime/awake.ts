/** What waiting without sleep takes of the system. */
export interface AwakeTools {
  /** Fills `into` from its start with what standard input has now; 0 when that is nothing. */
  readInput(into: Uint8Array): number;
  /** Lets others go first that wait for this processor: the one that is waited for may be among them. */
  giveWay(): void;
}

/** Longest time, in milliseconds, that is spent awake; what takes longer is slept for. */
const AWAKE_MS = 1;

/** Answers that come one upon the other before the next is worth staying awake for. */
const DENSE_COUNT = 16;

/**
 * Decides whether to wait for the next answer without sleep.
 *
 * A processor that has nothing to do is put to sleep, and waking it takes 20 to 90 us on a virtual
 * machine, most of what two processes do that talk a thousand times a second. So while one answer
 * comes upon the other, and only then, both look again for a moment before they let go.
 */
export class Pace {
  #denseCount = 0;
  #tools: AwakeTools | undefined;
  #isAsked = false;
  #opening: Promise<void> | undefined;

  /** Takes how long the last answer was waited for, in milliseconds. */
  note(waitedMs: number): void {
    this.#denseCount = waitedMs < AWAKE_MS ? this.#denseCount + 1 : 0;
    if (this.#isAsked || this.#denseCount < DENSE_COUNT) return;
    this.#isAsked = true;
    this.#opening = this.#open().finally(() => {
      this.#opening = undefined;
    });
  }

  /** Resolves when everything is there that `note` found to be of use; undefined when it is. */
  get opening(): Promise<void> | undefined {
    return this.#opening;
  }

  /** Reads standard input without sleep; 0 when nothing came, or when it is not worth it. */
  readInput(into: Uint8Array): number {
    const tools = this.#denseCount === 0 ? undefined : this.#tools;
    if (tools === undefined) return 0;
    const untilMs = performance.now() + AWAKE_MS;
    for (;;) {
      const count = tools.readInput(into);
      if (count > 0 || performance.now() > untilMs) return count;
      tools.giveWay();
    }
  }

  /** Keeps the event loop turning for a moment, which sees every input, as long as `isNeeded`. */
  stayAwake(isNeeded: () => boolean): void {
    const tools = this.#denseCount === 0 ? undefined : this.#tools;
    if (tools === undefined) return;
    const untilMs = performance.now() + AWAKE_MS;
    const turn = (): void => {
      if (!isNeeded() || performance.now() > untilMs) return;
      tools.giveWay();
      setImmediate(turn);
    };
    setImmediate(turn);
  }

  async #open(): Promise<void> {
    try {
      // With one processor, whoever stays awake is in the way of the one it waits for.
      if (!("Bun" in globalThis) || navigator.hardwareConcurrency < 2) return;
      this.#tools = (await import("./bun-awake.ts")).bunAwakeTools();
    } catch {
      // A runtime that may call nothing foreign sleeps, as ever.
    }
  }
}
