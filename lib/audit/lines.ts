import { concatBytes } from "../base/bytes.ts";

/** A line of a file, without its end. */
export interface Line {
  readonly bytes: Uint8Array;
  /** False for a last line that no line feed ends. */
  readonly isWhole: boolean;
}

/** An open file. */
export interface ByteSource {
  read(start: number, end: number): Promise<Uint8Array>;
}

const LINE_FEED = 10;
const STEP_BYTES = 64 * 1024;

/** Yields the lines of a stream of bytes. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  let held: Uint8Array[] = [];
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      yield { bytes: concatBytes([...held, chunk.subarray(start, end)]), isWhole: true };
      held = [];
      start = end + 1;
    }
    if (start < chunk.byteLength) held.push(chunk.slice(start));
  }
  if (held.length > 0) yield { bytes: concatBytes(held), isWhole: false };
}

/** Yields the bytes from `start` to `end` in steps. */
export async function* rangeChunks(
  file: ByteSource,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end; at += STEP_BYTES) {
    yield await file.read(at, Math.min(end, at + STEP_BYTES));
  }
}

/** Returns up to `count` lines from the beginning of a stream of bytes. */
export async function firstLines(
  chunks: AsyncIterable<Uint8Array>,
  count: number,
): Promise<readonly Line[]> {
  const lines: Line[] = [];
  for await (const line of linesOf(chunks)) {
    lines.push(line);
    if (lines.length === count) break;
  }
  return lines;
}

/** What stands at the end of a file. */
export interface LastLines {
  /** The last line that a line feed ends. */
  readonly last?: Uint8Array | undefined;
  /** What follows it: a line that was cut while it was written. */
  readonly torn?: Uint8Array | undefined;
}

/** Returns the last lines between `start`, the beginning of a line, and `end`. */
export async function lastLines(file: ByteSource, start: number, end: number): Promise<LastLines> {
  let bytes: Uint8Array = new Uint8Array();
  for (let from = end; from > start;) {
    const step = Math.max(STEP_BYTES, bytes.byteLength);
    const next = Math.max(start, from - step);
    bytes = concatBytes([await file.read(next, from), bytes]);
    from = next;
    const isStart = from === start;
    const lastFeed = bytes.lastIndexOf(LINE_FEED);
    const feedBefore = lastFeed > 0 ? bytes.lastIndexOf(LINE_FEED, lastFeed - 1) : -1;
    if (feedBefore < 0 && !isStart) continue;
    const torn = bytes.subarray(lastFeed + 1);
    return {
      ...(lastFeed < 0 ? {} : { last: bytes.slice(feedBefore + 1, lastFeed) }),
      ...(torn.byteLength === 0 ? {} : { torn: torn.slice() }),
    };
  }
  return {};
}
