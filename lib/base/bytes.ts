const encoder = new TextEncoder();

/** Returns the UTF-8 bytes of `text`. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Returns one array with the contents of `chunks` in order. */
export function concatBytes(chunks: readonly Uint8Array[]): Uint8Array {
  const [first] = chunks;
  if (first !== undefined && chunks.length === 1) return first;
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}

/** Pieces that fit into one of these together are joined. */
const BLOCK_BYTES = 16 * 1024;

/**
 * Bytes in the order in which they came, to be read in pieces or as a whole.
 *
 * Small pieces are joined: a million of one byte each would hold hundreds of times their size.
 */
export class ByteQueue {
  readonly #blocks: Uint8Array[] = [];
  /** The last piece, which may have room behind `used`. */
  #tail: { readonly bytes: Uint8Array; used: number } | undefined;
  #sizeBytes = 0;

  /** Returns the bytes that wait. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Adds bytes, which must not change afterwards. */
  push(bytes: Uint8Array): void {
    const size = bytes.byteLength;
    if (size === 0) return;
    this.#sizeBytes += size;
    if (this.#tail !== undefined && this.#tail.used + size <= BLOCK_BYTES) {
      this.#join(this.#tail, bytes);
      return;
    }
    this.#closeTail();
    if (size > BLOCK_BYTES) this.#blocks.push(bytes);
    else this.#tail = { bytes, used: size };
  }

  /** Takes the next piece; undefined when nothing waits. */
  shift(): Uint8Array | undefined {
    if (this.#blocks.length === 0) this.#closeTail();
    const block = this.#blocks.shift();
    this.#sizeBytes -= block?.byteLength ?? 0;
    return block;
  }

  /** Takes everything as one array. */
  takeAll(): Uint8Array {
    this.#closeTail();
    this.#sizeBytes = 0;
    return concatBytes(this.#blocks.splice(0));
  }

  /** Throws away what waits. */
  clear(): void {
    this.#tail = undefined;
    this.#blocks.length = 0;
    this.#sizeBytes = 0;
  }

  #join(tail: { readonly bytes: Uint8Array; used: number }, added: Uint8Array): void {
    // A piece that stands alone is not copied: most bodies come as one.
    const isOwn = tail.bytes.byteLength === BLOCK_BYTES;
    const bytes = isOwn ? tail.bytes : new Uint8Array(BLOCK_BYTES);
    if (!isOwn) bytes.set(tail.bytes);
    bytes.set(added, tail.used);
    const used = tail.used + added.byteLength;
    if (isOwn) tail.used = used;
    else this.#tail = { bytes, used };
  }

  #closeTail(): void {
    if (this.#tail === undefined) return;
    this.#blocks.push(this.#tail.bytes.subarray(0, this.#tail.used));
    this.#tail = undefined;
  }
}

/** Bytes that come by and by, and may be all there already. */
export interface ByteSource extends AsyncIterable<Uint8Array> {
  /** Takes all of it at once, or throws; undefined when some of it is still to come, or gone. */
  takeWhole?(): Uint8Array | undefined;
}

/** Reads `source` to its end and returns its bytes. */
export async function collectBytes(source: ByteSource): Promise<Uint8Array> {
  const whole = source.takeWhole?.();
  if (whole !== undefined) return whole;
  const queue = new ByteQueue();
  for await (const chunk of source) queue.push(chunk);
  return queue.takeAll();
}

/** Reads at most `capBytes` of `source`, leaves the rest unread, and returns what it read. */
export async function collectUpTo(
  source: AsyncIterable<Uint8Array>,
  capBytes: number,
): Promise<Uint8Array> {
  const queue = new ByteQueue();
  for await (const chunk of source) {
    queue.push(chunk.subarray(0, capBytes - queue.sizeBytes));
    if (queue.sizeBytes >= capBytes) break;
  }
  return queue.takeAll();
}
