import { concatBytes, utf8 } from "../../base/bytes.ts";

/**
 * Memory of an engine whose bootstrap has run, as the build writes it into the binary: going on from
 * it takes a millisecond, and reading all of the guest anew twenty to forty, before a first request.
 */
export interface Snapshot {
  readonly pointers: {
    readonly runtime: number;
    readonly context: number;
    readonly values: Readonly<Record<string, number>>;
  };
  /** Where what is not zero begins, and how long it is. */
  readonly blocks: readonly (readonly [number, number])[];
  /** Eight bytes that differ from engine to engine: where its random numbers begin. */
  readonly seedAt: number;
  /** The blocks, one after the other. */
  readonly content: Uint8Array;
}

const BLOCK_BYTES = 1024;
const SEED_BYTES = 8;

/** Writes a snapshot over memory, with a seed of its own. */
export function restore({ blocks, seedAt, content }: Snapshot, memory: WebAssembly.Memory): void {
  const bytes = new Uint8Array(memory.buffer);
  let at = 0;
  for (const [start, length] of blocks) {
    bytes.set(content.subarray(at, at + length), start);
    at += length;
  }
  crypto.getRandomValues(bytes.subarray(seedAt, seedAt + SEED_BYTES));
}

/**
 * Returns the snapshot of an engine.
 *
 * @param twin memory of another engine that did the same: they may differ in the seed only
 */
export function snapshotOf(
  pointers: Snapshot["pointers"],
  memory: WebAssembly.Memory,
  twin: WebAssembly.Memory,
): Snapshot {
  const bytes = new Uint8Array(memory.buffer);
  const blocks: [number, number][] = [];
  for (let start = 0; start < bytes.length; start += BLOCK_BYTES) {
    if (bytes.subarray(start, start + BLOCK_BYTES).every((byte) => byte === 0)) continue;
    const last = blocks.at(-1);
    if (last !== undefined && last[0] + last[1] === start) last[1] += BLOCK_BYTES;
    else blocks.push([start, BLOCK_BYTES]);
  }
  const parts = blocks.map(([start, length]) => bytes.slice(start, start + length));
  return { pointers, blocks, seedAt: seedOf(bytes, twin), content: concatBytes(parts) };
}

function seedOf(bytes: Uint8Array, twin: WebAssembly.Memory): number {
  const others = new Uint8Array(twin.buffer);
  const words = new Set<number>();
  bytes.forEach((byte, at) => {
    if (byte !== others[at]) words.add(at - (at % SEED_BYTES));
  });
  const [seedAt] = words;
  if (seedAt === undefined || words.size > 1) {
    throw new Error(`Two engines differ in ${words.size} places, not in their seed alone`);
  }
  return seedAt;
}

/** Returns a snapshot as the bytes of a file: `u32 length`, JSON, content. */
export function encodeSnapshot({ content, ...facts }: Snapshot): Uint8Array {
  const json = utf8(JSON.stringify(facts));
  const head = new Uint8Array(4);
  new DataView(head.buffer).setUint32(0, json.byteLength, true);
  return concatBytes([head, json, content]);
}

/** Reads what `encodeSnapshot` wrote. */
export function decodeSnapshot(bytes: Uint8Array): Snapshot {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const json = new TextDecoder().decode(bytes.subarray(4, 4 + length));
  // Written by the build, into the binary that reads it.
  const facts = JSON.parse(json) as Omit<Snapshot, "content">;
  return { ...facts, content: bytes.subarray(4 + length) };
}
