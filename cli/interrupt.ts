import { WeirError } from "../lib/base/errors.ts";
import type { Runtime } from "../lib/runtime/runtime.ts";

/** How long a command may clean up after it was told to stop. */
const GRACE_MS = 2000;

/** Exit statuses of the signals: 128 + number, as shells count. */
const SIGNAL_STATUS = { SIGINT: 130, SIGTERM: 143 } as const;

/** Ctrl-C and SIGTERM while one command runs; stops listening when it is disposed of. */
export class Interrupt {
  readonly #abort = new AbortController();
  readonly #graceOver = Promise.withResolvers<number>();
  readonly #stopListening: () => void;
  #cancelGrace = (): void => undefined;
  #status: number | undefined;

  constructor(runtime: Pick<Runtime, "clock" | "onSignal">) {
    this.#stopListening = runtime.onSignal((signal) => {
      const status = this.#status ?? SIGNAL_STATUS[signal];
      // Whoever sends a second signal does not want to wait.
      if (this.#status !== undefined) return this.#graceOver.resolve(status);
      this.#status = status;
      this.#cancelGrace = runtime.clock.after(GRACE_MS, () => this.#graceOver.resolve(status));
      this.#abort.abort(new WeirError("CANCELLED", `Stopped by ${signal}`));
    });
  }

  /** Aborts at the first signal. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Exit status of the first signal, undefined when none came. */
  get status(): number | undefined {
    return this.#status;
  }

  /** Resolves with `status` when the time to clean up is over. */
  get graceOver(): Promise<number> {
    return this.#graceOver.promise;
  }

  [Symbol.dispose](): void {
    this.#cancelGrace();
    this.#stopListening();
  }
}
