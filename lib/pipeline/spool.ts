import type { ResultPolicy } from "../results/policy.ts";
import type { ResultReference } from "../results/reference.ts";
import { compileSelect } from "../results/select.ts";
import type { Kept, ResultStore } from "../results/store.ts";

/** Bytes of a chunk that goes to the store. */
const CHUNK_BYTES = 64 * 1024;
/** Bytes that may wait to be written. */
const READY_CAP_BYTES = 1024 * 1024;
/** Bytes that may wait for an item before them. */
const HELD_CAP_BYTES = 32 * 1024 * 1024;

const POLICY: ResultPolicy = {
  store: { kind: "disk", scope: "execution", ttlMs: undefined, compression: "none" },
  select: [],
  // Never inline: the step's data is a reference whatever its size turns out to be.
  inlineCapBytes: -1,
  previewCapBytes: 1024,
};

/** Task under which the results of a whole loop are stored. */
const TASK = "loop";

/** Writes the results of a loop to the store, a line each, in the order of its input. */
export class Spool {
  readonly #kept: Promise<Kept>;
  readonly #encoder = new TextEncoder();
  /** Results that came before one of a lower index. */
  readonly #held = new Map<number, string>();
  #heldBytes = 0;
  #next = 0;
  #text = "";
  readonly #ready: Uint8Array[] = [];
  #readyBytes = 0;
  #end: "open" | "ended" | "cancelled" = "open";
  #hasFailed = false;
  #onReady: (() => void) | undefined;
  #waiting: (() => void)[] = [];

  constructor({ store, step }: { readonly store: ResultStore; readonly step: string }) {
    this.#kept = store.keep(this.#chunks(), {
      step,
      task: TASK,
      contentType: "application/x-ndjson",
      policy: POLICY,
      plan: compileSelect([]),
    });
    this.#kept.catch(() => {
      this.#hasFailed = true;
      this.#release();
    });
  }

  /** Takes the result of item `index` as JSON. */
  put(index: number, json: string): void {
    if (index !== this.#next) {
      this.#held.set(index, json);
      this.#heldBytes += json.length;
      return;
    }
    this.#write(json);
    for (let held = this.#held.get(this.#next); held !== undefined;) {
      this.#held.delete(this.#next);
      this.#heldBytes -= held.length;
      this.#write(held);
      held = this.#held.get(this.#next);
    }
    this.#release();
  }

  /** Returns what to wait for while too much is in memory; undefined when there is room. */
  room(): Promise<void> | undefined {
    if (!this.#isFull) return undefined;
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /**
   * Returns the reference of `count` lines, null for each that was not put.
   *
   * @throws {WeirError} IO_WRITE
   */
  async finish(count: number): Promise<ResultReference> {
    while (this.#next < count) {
      this.put(this.#next, "null");
      await this.room();
    }
    this.#flush();
    this.#close("ended");
    const kept = await this.#kept;
    if (kept.kind === "inline") throw new Error("A body below no size is inline");
    return kept.reference;
  }

  /** Gives up what was written. */
  async cancel(): Promise<void> {
    this.#close("cancelled");
    // It ends with the error it was given just now.
    await this.#kept.catch(() => undefined);
  }

  get #isFull(): boolean {
    if (this.#hasFailed) return false;
    return this.#readyBytes > READY_CAP_BYTES || this.#heldBytes > HELD_CAP_BYTES;
  }

  #write(json: string): void {
    this.#next += 1;
    this.#text += `${json}\n`;
    if (this.#text.length >= CHUNK_BYTES) this.#flush();
  }

  #flush(): void {
    if (this.#text === "" || this.#hasFailed) return;
    const chunk = this.#encoder.encode(this.#text);
    this.#text = "";
    this.#ready.push(chunk);
    this.#readyBytes += chunk.length;
    this.#onReady?.();
  }

  #close(end: "ended" | "cancelled"): void {
    this.#end = end;
    this.#onReady?.();
  }

  #release(): void {
    if (this.#isFull) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async *#chunks(): AsyncGenerator<Uint8Array> {
    for (;;) {
      if (this.#end === "cancelled") throw new Error("The loop was given up");
      const chunk = this.#ready.shift();
      if (chunk !== undefined) {
        this.#readyBytes -= chunk.length;
        this.#release();
        yield chunk;
      } else if (this.#end === "ended") {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#onReady = resolve;
        });
      }
    }
  }
}
