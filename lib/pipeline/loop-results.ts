import type { ResultReference } from "../results/reference.ts";
import type { ResultStore } from "../results/store.ts";
import { Spool } from "./spool.ts";

/** Results of a loop that are held in memory; more are written to a file. */
const HELD_ITEMS = 100_000;
const HELD_BYTES = 32 * 1024 * 1024;

/** Where the results of a loop are kept when there are too many. */
export interface LoopResultsOptions {
  readonly store: ResultStore;
  readonly step: string;
  readonly heldItems?: number | undefined;
  readonly heldBytes?: number | undefined;
}

/** The results of a loop, in the order of its input. */
export type LoopData =
  | { readonly list: readonly unknown[] }
  | { readonly reference: ResultReference };

/** Takes the results of the items of a loop in any order. */
export class LoopResults {
  readonly #options: LoopResultsOptions;
  readonly #heldItems: number;
  readonly #heldBytes: number;
  #values: unknown[] = [];
  #bytes = 0;
  #spool: Spool | undefined;

  constructor(options: LoopResultsOptions) {
    this.#options = options;
    this.#heldItems = options.heldItems ?? HELD_ITEMS;
    this.#heldBytes = options.heldBytes ?? HELD_BYTES;
  }

  /** Takes what item `index` gave, null for one that failed. */
  put(index: number, data: unknown): void {
    const value = data ?? null;
    const text = JSON.stringify(value);
    if (this.#spool !== undefined) {
      this.#spool.put(index, text);
      return;
    }
    this.#values[index] = value;
    this.#bytes += text.length;
    if (index >= this.#heldItems || this.#bytes > this.#heldBytes) this.#startSpool();
  }

  /** Returns what to wait for before another item is begun; undefined when there is room. */
  room(): Promise<void> | undefined {
    return this.#spool?.room();
  }

  /**
   * Returns the results of `count` items; those that were not put are null.
   *
   * @throws {WeirError} IO_WRITE when they could not be written
   */
  async finish(count: number): Promise<LoopData> {
    if (this.#spool !== undefined) return { reference: await this.#spool.finish(count) };
    const list = Array.from({ length: count }, (_, index) => this.#values[index] ?? null);
    return { list };
  }

  /** Gives up what was written. */
  async cancel(): Promise<void> {
    await this.#spool?.cancel();
  }

  #startSpool(): void {
    const spool = new Spool(this.#options);
    this.#values.forEach((value, index) => spool.put(index, JSON.stringify(value)));
    this.#values = [];
    this.#spool = spool;
  }
}
