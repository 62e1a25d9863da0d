/** What is read next of a frame, RFC 8878 section 3.1. */
type Part = "magic" | "descriptor" | "header" | "block" | "content" | "checksum" | "skippable";

const DICTIONARY_BYTES: readonly number[] = [0, 1, 2, 4];
const CONTENT_SIZE_BYTES: readonly number[] = [0, 2, 4, 8];
const RLE_BLOCK = 1;

/**
 * Follows the frames of zstd data, to know whether it ends with a whole one.
 *
 * bun 1.4, deno 2.9: the decoder of node:zlib takes data that was cut for complete; drop when it
 * reports Z_BUF_ERROR as it does for gzip.
 */
export class ZstdFrames {
  #part: Part = "magic";
  #missing = 4;
  /** Bytes of the field being read, little-endian; content is counted, not kept. */
  #value = 0;
  #have = 0;
  #hasChecksum = false;
  #isLastBlock = false;

  /** Says whether the bytes so far end with a whole frame. */
  get isComplete(): boolean {
    return this.#part === "magic" && this.#have === 0;
  }

  /** Takes the next bytes. */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.byteLength) {
      const length = Math.min(this.#missing, chunk.byteLength - at);
      if (this.#part !== "content") this.#read(chunk.subarray(at, at + length));
      at += length;
      this.#have += length;
      this.#missing -= length;
      while (this.#missing === 0) this.#next();
    }
  }

  #read(bytes: Uint8Array): void {
    // Fields that are looked at have four bytes at most; of longer ones only the end matters.
    for (const [at, byte] of bytes.entries()) this.#value += byte * 256 ** (this.#have + at);
  }

  #expect(part: Part, bytes: number): void {
    this.#part = part;
    this.#missing = bytes;
    this.#have = 0;
    this.#value = 0;
  }

  #next(): void {
    const value = this.#value;
    switch (this.#part) {
      case "magic":
        // 0x184D2A50 to 0x184D2A5F: a frame without content, whose length follows.
        if (value >>> 4 === 0x184d2a5) this.#expect("skippable", 4);
        else this.#expect("descriptor", 1);
        return;
      case "skippable":
        this.#isLastBlock = true;
        this.#hasChecksum = false;
        this.#expect("content", value);
        return;
      case "descriptor":
        this.#hasChecksum = (value & 4) !== 0;
        this.#expect("header", headerBytes(value));
        return;
      case "block":
        this.#isLastBlock = (value & 1) === 1;
        this.#expect("content", ((value >> 1) & 3) === RLE_BLOCK ? 1 : value >> 3);
        return;
      case "content":
        if (this.#isLastBlock) this.#expect("checksum", this.#hasChecksum ? 4 : 0);
        else this.#expect("block", 3);
        return;
      case "checksum":
        this.#expect("magic", 4);
        return;
      case "header":
        this.#expect("block", 3);
    }
  }
}

/** Bytes of the frame header after its descriptor. */
function headerBytes(descriptor: number): number {
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const contentSize = CONTENT_SIZE_BYTES[descriptor >> 6] ?? 0;
  const dictionary = DICTIONARY_BYTES[descriptor & 3] ?? 0;
  const isSizeInOneByte = isSingleSegment && contentSize === 0;
  return (isSingleSegment ? 0 : 1) + dictionary + (isSizeInOneByte ? 1 : contentSize);
}
