/** One item of a loop that was handed out to be worked on. */
export interface Lease<T> {
  /** Place of the item in the input, from 0. */
  readonly index: number;
  readonly item: T;
}

/** What became of an item. */
export type Settled<R> =
  | { readonly status: "ok"; readonly result: R }
  | { readonly status: "error"; readonly result: R };

/** Small values that outlive a worker; the value read must still be there for an update to hold. */
export interface KeyValues {
  get(key: string): Promise<string | undefined>;
  /** Returns false when the key is there already. */
  create(key: string, value: string): Promise<boolean>;
  /** Returns false when the value is not `before` any more. */
  update(key: string, before: string, value: string): Promise<boolean>;
}

/** Bodies by name, kept where every worker reaches them. */
export interface Objects {
  put(name: string, chunks: AsyncIterable<Uint8Array>): Promise<void>;
  /** Returns undefined when there is none of this name. */
  get(name: string): Promise<AsyncIterable<Uint8Array> | undefined>;
}

/**
 * Hands out the items of one loop. The local engine keeps them in this process; another one can
 * spread them over machines.
 *
 * An item is leased to one worker at a time; one that is never settled is handed out again.
 */
export interface Engine<T, R> {
  /** Adds an item; resolves when there is room for the next one. */
  enqueue(item: T): Promise<void>;
  /** Says that no more items come. */
  end(): void;
  /** Returns the next item, waiting for it; undefined when none will come. */
  lease(): Promise<Lease<T> | undefined>;
  /** Keeps a lease for `ms` more. */
  extend(lease: Lease<T>, ms: number): Promise<void>;
  /** Ends a lease with what became of its item. */
  settle(lease: Lease<T>, settled: Settled<R>): Promise<void>;
  /** Gives an item back, to be handed out again after `delayMs`. */
  defer(lease: Lease<T>, delayMs: number): Promise<void>;
  /** Hands out nothing more; what is leased may still be settled. */
  close(): void;
  readonly kv: KeyValues;
  readonly objects: Objects;
}
