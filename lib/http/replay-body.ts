import type { ByteSource } from "../base/bytes.ts";
import { toWeirError, WeirError } from "../base/errors.ts";
import type { ResponseBody } from "./exchange.ts";

/** A response body that may be looked at before it is handed on. */
export interface ReplayBody {
  /**
   * The body, to be read from its start as often as one likes. What was read is held in memory, so a
   * reader stops at a cap of its own; stopping does not cancel.
   */
  readonly body: ResponseBody;
  /** Returns the body for whoever comes next, whole, to be read once. Ends the use of `body`. */
  rest(): ResponseBody;
}

/** Pieces that fit together into so many bytes are copied into one block. */
const BLOCK_BYTES = 16 * 1024;

/** Bytes that were read, the first `used` of `bytes`. */
interface Block {
  bytes: Uint8Array;
  used: number;
}

/** Returns `source` so that it can be read more than once. */
export function replayBody(source: ResponseBody): ReplayBody {
  const held = new HeldChunks(source.chunks);
  const chunks = {
    [Symbol.asyncIterator]: () => held.replay(),
    takeWhole: () => held.takeWhole(),
  };
  return {
    body: { ...source, chunks },
    rest: () => (held.isUntouched ? source : { ...source, chunks: held.handOn() }),
  };
}

class HeldChunks {
  readonly #chunks: ByteSource;
  #source: AsyncIterator<Uint8Array> | undefined;
  readonly #blocks: Block[] = [];
  #failure: WeirError | undefined;
  #isOver = false;
  #isHandedOn = false;
  #pulling: Promise<void> | undefined;
  /** True until somebody has read: then the source is as it was. */
  isUntouched = true;

  constructor(chunks: ByteSource) {
    this.#chunks = chunks;
  }

  /** Returns all bytes when they are there, as most bodies are; they stay to be read again. */
  takeWhole(): Uint8Array | undefined {
    const [block, another] = this.#blocks;
    if (block !== undefined) {
      const isAll = this.#isOver && this.#failure === undefined && another === undefined;
      return isAll ? block.bytes.subarray(0, block.used) : undefined;
    }
    const whole = this.isUntouched ? this.#taken() : undefined;
    if (whole === undefined) return undefined;
    this.isUntouched = false;
    this.#isOver = true;
    if (whole.byteLength > 0) this.#push(whole);
    return whole;
  }

  #taken(): Uint8Array | undefined {
    try {
      return this.#chunks.takeWhole?.();
    } catch (error) {
      // Whoever reads it, now or later, is told.
      this.#failure = toWeirError(error);
      this.isUntouched = false;
      return undefined;
    }
  }

  async *replay(): AsyncGenerator<Uint8Array> {
    this.isUntouched = false;
    for (let at = 0, read = 0; ;) {
      const block = this.#blocks[at];
      if (block !== undefined && read < block.used) {
        const chunk = block.bytes.subarray(read, block.used);
        read = block.used;
        yield chunk;
      } else if (at + 1 < this.#blocks.length) {
        at += 1;
        read = 0;
      } else if (this.#failure !== undefined) {
        throw this.#failure;
      } else if (this.#isOver) {
        return;
      } else if (this.#isHandedOn) {
        // Whoever still reads was given up; what it took now would be missing to the next one.
        throw new WeirError("CANCELLED", "The body was handed on while it was read");
      } else {
        await this.#pull();
      }
    }
  }

  handOn(): AsyncGenerator<Uint8Array> {
    this.#isHandedOn = true;
    return this.#drain();
  }

  /** Yields what is held, letting go of it, and then what the source still has. */
  async *#drain(): AsyncGenerator<Uint8Array> {
    await this.#pulling;
    for (let block = this.#blocks.shift(); block !== undefined; block = this.#blocks.shift()) {
      yield block.bytes.subarray(0, block.used);
    }
    if (this.#failure !== undefined) throw this.#failure;
    while (!this.#isOver) {
      const next = await this.#next();
      if (next.done === true) return;
      yield next.value;
    }
  }

  /** One piece for all readers that wait. */
  #pull(): Promise<void> {
    this.#pulling ??= this.#pullOne().finally(() => {
      this.#pulling = undefined;
    });
    return this.#pulling;
  }

  async #pullOne(): Promise<void> {
    try {
      const next = await this.#next();
      if (next.done === true) this.#isOver = true;
      else this.#push(next.value);
    } catch (error) {
      this.#failure = toWeirError(error);
    }
  }

  #next(): Promise<IteratorResult<Uint8Array>> {
    this.#source ??= this.#chunks[Symbol.asyncIterator]();
    return this.#source.next();
  }

  /** A server may send single bytes: each of them kept apart would hold hundreds of times its size. */
  #push(chunk: Uint8Array): void {
    const size = chunk.byteLength;
    const last = this.#blocks.at(-1);
    if (last === undefined || last.used + size > BLOCK_BYTES) {
      // A piece that stands alone is not copied: most bodies come as one.
      this.#blocks.push({ bytes: chunk, used: size });
      return;
    }
    const isOwn = last.bytes.byteLength === BLOCK_BYTES;
    const bytes = isOwn ? last.bytes : new Uint8Array(BLOCK_BYTES);
    if (!isOwn) bytes.set(last.bytes.subarray(0, last.used));
    bytes.set(chunk, last.used);
    last.bytes = bytes;
    last.used += size;
  }
}
