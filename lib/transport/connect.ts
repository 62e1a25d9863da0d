import type { Clock } from "../base/clock.ts";
import type { Address } from "../runtime/runtime.ts";
import { isUnreachable } from "./errors.ts";

/** How long a connection is waited for before the next address is tried too, RFC 8305 section 5. */
const STAGGER_MS = 250;

/** A connection being made. */
export interface Opening<S> {
  readonly result: Promise<S>;
  /** Gives it up; called after it has ended, it does nothing. */
  cancel(): void;
}

/** The first connection that was made. */
export interface Winner<S> {
  readonly socket: S;
  readonly address: Address;
}

/** What `connectFirst` needs. */
export interface Race<S> {
  /** At least one, in the order to be tried. */
  readonly addresses: readonly Address[];
  readonly open: (address: Address) => Opening<S>;
  readonly clock: Clock;
}

/**
 * Returns the addresses with the families taking turns, the family of the first one first.
 *
 * The resolver has sorted them by RFC 6724; only the alternation is added (RFC 8305 section 4).
 */
export function interleave(addresses: readonly Address[]): readonly Address[] {
  const [first] = addresses;
  if (first === undefined) return [];
  const leading = addresses.filter((one) => one.family === first.family);
  const other = addresses.filter((one) => one.family !== first.family);
  const rounds = Math.max(leading.length, other.length);
  return Array.from({ length: rounds }, (_, at) => [leading[at], other[at]])
    .flat()
    .filter((one) => one !== undefined);
}

/**
 * Connects to the addresses one after the other, 250 ms apart or as soon as one fails; the first
 * connection wins and the others are given up.
 *
 * Rejects with the most telling failure when all have failed.
 */
export function connectFirst<S>(race: Race<S>): Opening<Winner<S>> {
  const runner = new Runner(race);
  runner.next();
  return { result: runner.result, cancel: () => runner.stop() };
}

class Runner<S> {
  readonly #race: Race<S>;
  readonly #running = new Set<Opening<S>>();
  readonly #failures: unknown[] = [];
  readonly #done = Promise.withResolvers<Winner<S>>();
  #tried = 0;
  #isOver = false;
  #stopTimer: (() => void) | undefined;

  constructor(race: Race<S>) {
    this.#race = race;
  }

  get result(): Promise<Winner<S>> {
    return this.#done.promise;
  }

  next(): void {
    this.#stopTimer?.();
    const address = this.#race.addresses[this.#tried];
    if (this.#isOver || address === undefined) return;
    this.#tried += 1;
    const opening = this.#race.open(address);
    this.#running.add(opening);
    opening.result.then(
      (socket) => this.#win(opening, { socket, address }),
      (error: unknown) => this.#lose(opening, error),
    );
    if (this.#tried < this.#race.addresses.length) {
      this.#stopTimer = this.#race.clock.after(STAGGER_MS, () => this.next());
    }
  }

  stop(): void {
    this.#isOver = true;
    this.#stopTimer?.();
    for (const opening of this.#running) opening.cancel();
    this.#running.clear();
  }

  #win(opening: Opening<S>, winner: Winner<S>): void {
    this.#running.delete(opening);
    if (this.#isOver) {
      opening.cancel();
      return;
    }
    this.stop();
    this.#done.resolve(winner);
  }

  #lose(opening: Opening<S>, error: unknown): void {
    this.#running.delete(opening);
    this.#failures.push(error);
    if (this.#isOver) return;
    if (this.#failures.length < this.#race.addresses.length) {
      this.next();
      return;
    }
    this.#isOver = true;
    const telling = this.#failures.find((one) => !isUnreachable(one));
    this.#done.reject(telling ?? this.#failures[0]);
  }
}
