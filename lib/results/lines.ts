import { ByteQueue } from "../base/bytes.ts";

/** A line of a text, without its end. */
export interface Line {
  readonly bytes: Uint8Array;
  /** From 1. */
  readonly number: number;
  /** False for a last line that no line feed ends. */
  readonly isWhole: boolean;
}

const LINE_FEED = 10;

/**
 * Yields the lines of a stream of bytes.
 *
 * @param refuse throws for a line, by its number, that is longer than `capBytes`
 */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  capBytes: number,
  refuse: (line: number) => never,
): AsyncGenerator<Line> {
  const held = new ByteQueue();
  let number = 1;
  const check = (bytes: Uint8Array): void => {
    if (held.sizeBytes + bytes.byteLength > capBytes) refuse(number);
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      const bytes = chunk.subarray(start, end);
      check(bytes);
      held.push(bytes);
      yield { bytes: held.takeAll(), number, isWhole: true };
      number += 1;
      start = end + 1;
    }
    const rest = chunk.subarray(start);
    check(rest);
    held.push(rest);
  }
  if (held.sizeBytes > 0) yield { bytes: held.takeAll(), number, isWhole: false };
}
