import type { Clock } from "../base/clock.ts";
import { messageOf, WeirError } from "../base/errors.ts";
import type { Target } from "../guard/decision.ts";
import { durationText } from "../base/duration.ts";
import { type Phase, placeText, wireError } from "./errors.ts";
import type { Arrival, WireLimits } from "./wire.ts";

/** What a watch is made from. */
export interface WatchOptions {
  readonly clock: Clock;
  readonly target: Target;
  readonly limits: WireLimits;
  readonly signal?: AbortSignal | undefined;
  /** Called once the request is over, in whatever way. */
  readonly onClose?: ((watch: Watch) => void) | undefined;
}

/**
 * Watches over one request: its timers, the signal of its caller, and its first error.
 *
 * Whoever does a part of the request says what it waits for; whoever holds a resource asks to be
 * told when the request is over before its time.
 */
export class Watch {
  /** What is being done; errors name it. */
  phase: Phase = "dns";
  readonly target: Target;
  readonly #clock: Clock;
  readonly #limits: WireLimits;
  readonly #listeners = new Set<(error: WeirError) => void>();
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => this.fail(abortError(this.#signal?.reason));
  readonly #stopTotal: (() => void) | undefined;
  readonly #onClose: ((watch: Watch) => void) | undefined;
  #stopConnect: (() => void) | undefined;
  #stopRead: (() => void) | undefined;
  #error: WeirError | undefined;

  constructor({ clock, target, limits, signal, onClose }: WatchOptions) {
    this.#clock = clock;
    this.target = target;
    this.#limits = limits;
    this.#signal = signal;
    this.#onClose = onClose;
    const { totalTimeoutMs, spentMs = 0 } = limits;
    if (totalTimeoutMs !== undefined) {
      const leftMs = Math.max(1, totalTimeoutMs - spentMs);
      this.#stopTotal = clock.after(leftMs, () => this.fail(this.#totalError()));
    }
    if (signal?.aborted === true) this.#onAbort();
    else signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Returns the first error, undefined while there is none. */
  get error(): WeirError | undefined {
    return this.#error;
  }

  /** Returns what became of the request so far: before there is a connection no byte of it leaves. */
  get arrival(): Arrival {
    if (this.phase === "body") return "answered";
    return this.phase === "send" || this.phase === "response" ? "unknown" : "never";
  }

  /** Ends the request. The first error counts; later ones follow from it. */
  fail(error: WeirError): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    this.close();
    for (const listener of this.#listeners) listener(error);
    this.#listeners.clear();
  }

  /** Throws the first error, when there is one. */
  check(): void {
    if (this.#error !== undefined) throw this.#error;
  }

  /** Calls `listener` when the request fails, at once when it has; returns how to stop that. */
  onFail(listener: (error: WeirError) => void): () => void {
    if (this.#error !== undefined) {
      listener(this.#error);
      return () => undefined;
    }
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Returns what `work` returns, or rejects when the request fails; `drop` gets a late result. */
  async race<T>(work: Promise<T>, drop?: (late: T) => void): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const stop = this.onFail(reject);
    work.then((value) => {
      if (this.#error !== undefined) drop?.(value);
      resolve(value);
    }, reject);
    try {
      return await promise;
    } finally {
      stop();
    }
  }

  /** Starts the timer over DNS, TCP, proxy and TLS. */
  startConnecting(): void {
    const { connectTimeoutMs } = this.#limits;
    if (connectTimeoutMs === undefined || this.#error !== undefined) return;
    this.#stopConnect = this.#clock.after(connectTimeoutMs, () => this.fail(this.#connectError()));
  }

  /** Stops that timer. */
  connected(): void {
    this.#stopConnect?.();
    this.#stopConnect = undefined;
  }

  /** Says that it is the server's turn: starts the idle timer anew. */
  awaitServer(): void {
    this.serverHeard();
    const { readTimeoutMs } = this.#limits;
    if (readTimeoutMs === undefined || this.#error !== undefined) return;
    this.#stopRead = this.#clock.after(readTimeoutMs, () => this.fail(this.#readError()));
  }

  /** Says that nothing is expected of the server now: stops the idle timer. */
  serverHeard(): void {
    this.#stopRead?.();
    this.#stopRead = undefined;
  }

  /** Stops all timers and no longer listens to the signal. */
  close(): void {
    this.connected();
    this.serverHeard();
    this.#stopTotal?.();
    this.#onClose?.(this);
    this.#signal?.removeEventListener("abort", this.#onAbort);
  }

  #connectError(): WeirError {
    const where = placeText(this.target);
    const limit = durationText(this.#limits.connectTimeoutMs ?? 0);
    return wireError(
      "TIMEOUT_CONNECT",
      `No connection to ${where} within ${limit} (waited for: ${WAITED_FOR[this.phase]})`,
      { ...this.target, phase: this.phase },
      { hint: "Check the host and the port, or allow more time with --connect-timeout" },
    );
  }

  #readError(): WeirError {
    const where = placeText(this.target);
    const limit = durationText(this.#limits.readTimeoutMs ?? 0);
    const what = this.phase === "send" ? "took no data" : "sent nothing";
    return wireError(
      "TIMEOUT_READ",
      `${where} ${what} for ${limit}`,
      { ...this.target, phase: this.phase },
      { hint: "Allow more time with --read-timeout" },
    );
  }

  #totalError(): WeirError {
    const limit = durationText(this.#limits.totalTimeoutMs ?? 0);
    return wireError(
      "TIMEOUT_TOTAL",
      `The request to ${placeText(this.target)} was not done within ${limit} (waited for: ${WAITED_FOR[this.phase]})`,
      { ...this.target, phase: this.phase },
      { hint: "Allow more time with --timeout" },
    );
  }
}

/** What was waited for, in words, when a timer fired. */
const WAITED_FOR: Readonly<Record<Phase, string>> = {
  dns: "DNS",
  connect: "TCP connection",
  proxy: "proxy",
  tls: "TLS handshake",
  send: "the host to take the body",
  response: "the response",
  body: "the rest of the body",
};

/** Returns the error of a request whose signal aborted for `reason`. */
export function abortError(reason: unknown): WeirError {
  if (reason instanceof WeirError) return reason;
  return new WeirError("CANCELLED", "The request was cancelled", {
    cause: reason,
    details: { reason: messageOf(reason) },
  });
}
