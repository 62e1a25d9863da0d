import type { Where } from "./events.ts";

/** A request that is about to be sent. */
export interface Intent extends Where {
  readonly method: string;
  /** Without userinfo, secret parameters masked. */
  readonly url: string;
  readonly idempotencyKey?: string | undefined;
}

/** What became of a request. */
export interface Completion {
  readonly status: number | null;
  readonly error?: string | undefined;
}

/**
 * Record of a run, written so that a later process could go on with it. The one there is keeps it in
 * memory; rows are the same.
 */
export interface Journal {
  /**
   * Returns the number of the row once it would outlast this process; the request is sent after that.
   */
  intent(intent: Intent): Promise<number> | number;
  /** Ends the intent of this number; returns undefined when there is nothing to wait for. */
  complete(intent: number, completion: Completion): Promise<void> | undefined;
  /** Records a page together with what asks for the next one. */
  page(
    at: Where,
    page: { readonly cursor: unknown; readonly ref?: string | undefined },
  ): Promise<void>;
  /** Records a value that would differ in a second run: the time, a random number, an id. */
  value(name: string, make: () => unknown): unknown;
  /** Records the loop variables after a rule decided. */
  iteration(at: Where, iter: Readonly<Record<string, unknown>>): Promise<void>;
}
