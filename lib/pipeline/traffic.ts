import type { CredentialStore, Dressing } from "../auth/bound.ts";
import type { Clock } from "../base/clock.ts";
import { WeirError } from "../base/errors.ts";
import type { RequestWatch } from "../client.ts";
import type { Recorder } from "../exchange/ports.ts";
import type { Guard } from "../guard/decision.ts";
import type { HopRequest } from "../http/exchange.ts";
import { Rates } from "./rates.ts";

/** What a run's traffic is made with. */
export interface TrafficOptions {
  readonly clock: Clock;
  /** Judges the requests of plugins and scripts too, beside the hosts they were given. */
  readonly guard?: Guard | undefined;
  /** Throws for a request of a script or a plugin that must not be sent as it stands. */
  readonly check?: ((request: HopRequest) => void) | undefined;
  /** Writes each request and what became of it, as the audit does. */
  readonly record?: Recorder | undefined;
}

/**
 * All requests of a run, those of its tasks, scripts and plugins: how fast they go, how many went,
 * how many bytes came back.
 */
export class Traffic implements RequestWatch {
  readonly rates: Rates;
  readonly guard: Guard | undefined;
  readonly #inner: Recorder | undefined;
  readonly #check: ((request: HopRequest) => void) | undefined;
  #count = 0;
  #receivedBytes = 0;
  #capBytes = Infinity;
  #onCap: (() => WeirError) | undefined;

  constructor({ clock, guard, check, record }: TrafficOptions) {
    this.rates = new Rates(clock);
    this.guard = guard;
    this.#inner = record;
    this.#check = check;
  }

  /** Requests that were sent so far, those of redirects included. */
  get count(): number {
    return this.#count;
  }

  /** Resolves when the request may be sent, undefined when nothing holds it up. */
  quota(request: HopRequest, signal?: AbortSignal): Promise<void> | undefined {
    return this.rates.before(request, signal);
  }

  readonly record: Recorder = {
    intent: (request, decision) => {
      const inner = this.#inner;
      if (inner === undefined) return undefined;
      return this.#freeing(request, async () => await inner.intent(request, decision));
    },
    outcome: (request, result) => {
      this.#count += 1;
      this.rates.after(request, result instanceof WeirError ? null : result.response.status);
      return this.#inner?.outcome(request, result);
    },
  };

  /** Ends the run when the bodies of all responses together are larger than `capBytes`. */
  cap(capBytes: number, onCap: () => WeirError): void {
    this.#capBytes = capBytes;
    this.#onCap = onCap;
  }

  /**
   * Counts decoded bytes of a body.
   *
   * @throws {WeirError} what ends the run
   */
  readonly received = (bytes: number): void => {
    this.#receivedBytes += bytes;
    if (this.#receivedBytes <= this.#capBytes || this.#onCap === undefined) return;
    throw this.#onCap();
  };

  /** Returns a store whose requests are checked, and free their turn when they cannot be dressed. */
  around(store: CredentialStore): CredentialStore {
    const dress = async (request: HopRequest): Promise<Dressing> => {
      this.#check?.(request);
      return await store.dress(request);
    };
    return {
      dress: (request) => this.#freeing(request, () => dress(request)),
      answer: (request, challenge) => store.answer(request, challenge),
    };
  }

  /** What was let go by the rates and is not sent after all must not hold its place. */
  async #freeing<T>(request: HopRequest, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.rates.after(request, null);
      throw error;
    }
  }
}
