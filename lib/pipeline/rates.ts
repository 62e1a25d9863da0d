import type { Clock } from "../base/clock.ts";
import type { HopRequest } from "../http/exchange.ts";
import { stopped } from "./stopped.ts";

/** What a task says about the host it asks; undefined is no bound. */
export interface RateLimit {
  readonly requestsPerSecond?: number | undefined;
  /** Requests that may go at once after a rest; a tenth of a second's worth when not given. */
  readonly burst?: number | undefined;
  /** Requests that wait for the head of their response. */
  readonly maxInFlight?: number | undefined;
}

/** A 429 slows a host down to no less than this share of what was declared. */
const SLOWEST_SHARE = 1 / 64;

/** After so many good answers in a row a host that was slowed down gets a tenth of its rate back. */
const GOOD_ANSWERS = 10;
const GROWTH_SHARE = 0.1;

/** Adding up parts of a token leaves an error in the last digits. */
const ROUNDING = 1e-9;

const HTTP_TOO_MANY = 429;

/**
 * How fast the requests of a run follow each other, host by host; all its clients ask it.
 *
 * A host that no task declared a rate for is not held up. The lowest of several declared rates counts.
 * Requests to one host go in the order in which they asked.
 */
export class Rates {
  readonly #clock: Clock;
  readonly #lanes = new Map<string, Lane>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Takes what a task says about a host.
   *
   * @param host name and port, as `URL.host` has them
   */
  declare(host: string, limit: RateLimit): void {
    let lane = this.#lanes.get(host);
    if (lane === undefined) this.#lanes.set(host, (lane = new Lane(this.#clock)));
    lane.restrict(limit);
  }

  /**
   * Resolves when the request may be sent, undefined when nothing holds it up; each that may needs
   * its `after`.
   *
   * @throws {WeirError} CANCELLED, or the reason of `signal`
   */
  before(request: HopRequest, signal?: AbortSignal): Promise<void> | undefined {
    // Few tasks declare a rate, and the host of a URL is not free.
    if (this.#lanes.size === 0) return undefined;
    return this.#lanes.get(request.url.host)?.enter(request, signal);
  }

  /** Takes what came of a request: its status, null without a response. Safe to call twice. */
  after(request: HopRequest, status: number | null): void {
    if (this.#lanes.size > 0) this.#lanes.get(request.url.host)?.leave(request, status);
  }
}

interface Waiter {
  readonly request: HopRequest;
  readonly go: () => void;
}

/** What goes to one host. */
class Lane {
  readonly #clock: Clock;
  readonly #waiting: Waiter[] = [];
  /** Requests under way, with the time they were let go. */
  readonly #inFlight = new Map<HopRequest, number>();
  #maxInFlight = Infinity;
  #declaredRate = Infinity;
  #rate = Infinity;
  #burst = Infinity;
  #tokens = 0;
  #filledMs: number;
  #slowedMs = -Infinity;
  #goodAnswers = 0;
  #stopTimer: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#filledMs = clock.monotonicMs();
  }

  restrict({ requestsPerSecond, burst, maxInFlight }: RateLimit): void {
    if (maxInFlight !== undefined) this.#maxInFlight = Math.min(this.#maxInFlight, maxInFlight);
    if (requestsPerSecond === undefined) return;
    const isFirst = this.#declaredRate === Infinity;
    this.#declaredRate = Math.min(this.#declaredRate, requestsPerSecond);
    this.#rate = Math.min(this.#rate, requestsPerSecond);
    const own = burst ?? Math.max(1, Math.ceil(requestsPerSecond / 10));
    this.#burst = Math.min(this.#burst, own);
    this.#tokens = isFirst ? this.#burst : Math.min(this.#tokens, this.#burst);
  }

  async enter(request: HopRequest, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === true) throw stopped(signal);
    if (this.#waiting.length === 0 && this.#waitMs() === 0) return this.#letGo(request);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { request, go: resolve };
    const onAbort = (): void => {
      this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
      if (signal !== undefined) reject(stopped(signal));
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#waiting.push(waiter);
    this.#pump();
    try {
      await promise;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  leave(request: HopRequest, status: number | null): void {
    const startedMs = this.#inFlight.get(request);
    if (startedMs === undefined) return;
    this.#inFlight.delete(request);
    if (status === HTTP_TOO_MANY) this.#slowDown(startedMs);
    else if (status !== null && status < 400) this.#speedUp();
    this.#pump();
  }

  #slowDown(startedMs: number): void {
    this.#goodAnswers = 0;
    this.#refill();
    this.#tokens = 0;
    // Requests that were under way already say nothing about the rate that was chosen since.
    if (startedMs < this.#slowedMs) return;
    this.#slowedMs = this.#clock.monotonicMs();
    this.#rate = Math.max(this.#rate / 2, this.#declaredRate * SLOWEST_SHARE);
  }

  #speedUp(): void {
    this.#goodAnswers += 1;
    if (this.#goodAnswers % GOOD_ANSWERS !== 0 || this.#rate === this.#declaredRate) return;
    this.#refill();
    this.#rate = Math.min(this.#rate + this.#declaredRate * GROWTH_SHARE, this.#declaredRate);
  }

  #refill(): void {
    const nowMs = this.#clock.monotonicMs();
    const added = ((nowMs - this.#filledMs) / 1000) * this.#rate;
    this.#filledMs = nowMs;
    if (this.#rate !== Infinity) this.#tokens = Math.min(this.#burst, this.#tokens + added);
  }

  /** Returns milliseconds until one more may go, Infinity when that needs one to come back. */
  #waitMs(): number {
    if (this.#inFlight.size >= this.#maxInFlight) return Infinity;
    if (this.#rate === Infinity) return 0;
    this.#refill();
    const missing = 1 - this.#tokens;
    return missing <= ROUNDING ? 0 : Math.ceil((missing / this.#rate) * 1000);
  }

  #letGo(request: HopRequest): void {
    this.#inFlight.set(request, this.#clock.monotonicMs());
    if (this.#rate !== Infinity) this.#tokens -= 1;
  }

  /** Lets go whoever may, in order, and sets a timer for the next one. */
  #pump(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const waitMs = this.#waitMs();
      if (waitMs === Infinity) return;
      if (waitMs > 0) {
        this.#stopTimer = this.#clock.after(waitMs, () => this.#pump());
        return;
      }
      this.#waiting.shift();
      this.#letGo(next.request);
      next.go();
    }
  }
}
