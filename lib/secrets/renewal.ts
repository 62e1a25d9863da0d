import type { Clock } from "../base/clock.ts";
import { WeirError } from "../base/errors.ts";
import type { Fetched } from "./source.ts";

/** A value with less time left than this is renewed before it is used … */
const EARLY_MS = 300_000;
/** … or than this part of its life, when that is less. */
const EARLY_PART = 5;

/** A value that was refused so soon after it came is not renewed again: the next one would be too. */
const FRESH_MS = 30_000;

/** How a value is kept. */
export interface RenewalOptions {
  /** Returns a new value; its life begins when this is called. */
  readonly fetch: () => Promise<Fetched>;
  readonly clock: Pick<Clock, "now">;
  /** False: it is fetched once. */
  readonly isRenewed: boolean;
}

interface Kept {
  readonly fetched: Fetched;
  readonly startedMs: number;
  /** True when it came because a server refused the one before. */
  readonly isReplacement: boolean;
}

/** Keeps one value for the run and renews it; whoever needs it meanwhile shares the one renewal. */
export class Renewal {
  readonly #options: RenewalOptions;
  #kept: Kept | undefined;
  #running: Promise<Fetched> | undefined;

  constructor(options: RenewalOptions) {
    this.#options = options;
  }

  /**
   * Returns the value, renewed when it is about to end.
   *
   * @throws {WeirError} what fetching throws, also when the old value would have lasted a little
   *   longer; SECRET_UNRESOLVED for one that has ended and is not renewed
   */
  async current(): Promise<Fetched> {
    if (this.#running !== undefined) return await this.#running;
    const kept = this.#kept;
    if (kept === undefined) return await this.#renew(false);
    const leftMs = this.#leftMs(kept);
    const { isRenewed } = this.#options;
    const earlyMs = Math.min(EARLY_MS, (kept.fetched.lifeMs ?? Infinity) / EARLY_PART);
    if (leftMs > 0 && (!isRenewed || leftMs >= earlyMs)) return kept.fetched;
    if (isRenewed) return await this.#renew(false);
    throw new WeirError("SECRET_UNRESOLVED", "A token has ended, and auto_renew is false", {
      hint: "Remove auto_renew = false from the entry",
    });
  }

  /** Returns what takes the place of a value that a server refused; the same one when nothing does. */
  async after(refused: Fetched): Promise<Fetched> {
    if (this.#running !== undefined) return await this.#running;
    const kept = this.#kept;
    if (!this.#options.isRenewed || kept === undefined) return refused;
    if (kept.fetched !== refused) return kept.fetched;
    const ageMs = this.#options.clock.now() - kept.startedMs;
    return kept.isReplacement && ageMs < FRESH_MS ? refused : await this.#renew(true);
  }

  #leftMs({ fetched, startedMs }: Kept): number {
    if (fetched.lifeMs === undefined) return Infinity;
    return startedMs + fetched.lifeMs - this.#options.clock.now();
  }

  #renew(isReplacement: boolean): Promise<Fetched> {
    const renewing = this.#fetch(isReplacement).finally(() => {
      this.#running = undefined;
    });
    this.#running = renewing;
    return renewing;
  }

  async #fetch(isReplacement: boolean): Promise<Fetched> {
    const startedMs = this.#options.clock.now();
    const fetched = await this.#options.fetch();
    this.#kept = { fetched, startedMs, isReplacement };
    return fetched;
  }
}
