import type { Engine, KeyValues, Lease, Objects } from "./engine.ts";
import type { Clock } from "../base/clock.ts";

/** What a local engine is made of. */
export interface LocalEngineOptions {
  readonly clock: Pick<Clock, "after">;
  /** Items that wait for a worker at most; `enqueue` resolves when there are fewer. */
  readonly capacity: number;
}

const DONE: Promise<void> = Promise.resolve();

/** Keeps the items of one loop in the memory of this process. */
class LocalEngine<T, R> implements Engine<T, R> {
  readonly kv: KeyValues = memoryKeyValues();
  readonly objects: Objects = memoryObjects();
  readonly #options: LocalEngineOptions;
  readonly #idle: ((lease: Lease<T> | undefined) => void)[] = [];
  #waiting: Lease<T>[] = [];
  /** Place in `#waiting` of the item that is next. */
  #head = 0;
  #count = 0;
  /** Leases that were handed out and not settled, and those that are put off. */
  #open = 0;
  #isEnded = false;
  #isClosed = false;
  #onRoom: (() => void) | undefined;

  constructor(options: LocalEngineOptions) {
    this.#options = options;
  }

  enqueue(item: T): Promise<void> {
    if (this.#isClosed) return DONE;
    this.#offer({ index: this.#count, item });
    this.#count += 1;
    if (this.#size < this.#options.capacity) return DONE;
    return new Promise((resolve) => {
      this.#onRoom = resolve;
    });
  }

  end(): void {
    this.#isEnded = true;
    this.#dismissIdle();
  }

  lease(): Promise<Lease<T> | undefined> {
    const next = this.#take();
    if (next !== undefined) return Promise.resolve(next);
    if (this.#isOver) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#idle.push(resolve);
    });
  }

  /** A worker in this process holds what it holds. */
  extend(): Promise<void> {
    return DONE;
  }

  settle(): Promise<void> {
    this.#open -= 1;
    this.#dismissIdle();
    return DONE;
  }

  defer(lease: Lease<T>, delayMs: number): Promise<void> {
    this.#options.clock.after(delayMs, () => {
      this.#open -= 1;
      if (!this.#isClosed) this.#offer(lease);
    });
    return DONE;
  }

  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
    this.#head = 0;
    this.#onRoom?.();
    this.#dismissIdle();
  }

  get #size(): number {
    return this.#waiting.length - this.#head;
  }

  get #isOver(): boolean {
    return this.#isClosed || (this.#isEnded && this.#size === 0 && this.#open === 0);
  }

  #offer(lease: Lease<T>): void {
    const worker = this.#idle.shift();
    if (worker === undefined) {
      this.#waiting.push(lease);
      return;
    }
    this.#open += 1;
    worker(lease);
  }

  #take(): Lease<T> | undefined {
    const next = this.#waiting[this.#head];
    if (next === undefined) return undefined;
    this.#head += 1;
    this.#open += 1;
    // What was taken is dropped by and by: to shift each would move all the others.
    if (this.#head > 1024 && this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    if (this.#size < this.#options.capacity) {
      this.#onRoom?.();
      this.#onRoom = undefined;
    }
    return next;
  }

  #dismissIdle(): void {
    if (!this.#isOver) return;
    for (const worker of this.#idle.splice(0)) worker(undefined);
  }
}

/** Returns an engine that lives and ends with this process. */
export function createLocalEngine<T, R>(options: LocalEngineOptions): Engine<T, R> {
  return new LocalEngine(options);
}

function memoryKeyValues(): KeyValues {
  const values = new Map<string, string>();
  return {
    get: (key) => Promise.resolve(values.get(key)),
    create(key, value) {
      const isNew = !values.has(key);
      if (isNew) values.set(key, value);
      return Promise.resolve(isNew);
    },
    update(key, before, value) {
      const isSame = values.get(key) === before;
      if (isSame) values.set(key, value);
      return Promise.resolve(isSame);
    },
  };
}

function memoryObjects(): Objects {
  const bodies = new Map<string, readonly Uint8Array[]>();
  return {
    async put(name, chunks) {
      bodies.set(name, await Array.fromAsync(chunks));
    },
    get(name) {
      const body = bodies.get(name);
      return Promise.resolve(body === undefined ? undefined : replay(body));
    },
  };
}

async function* replay(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
