import { concatBytes } from "../base/bytes.ts";
import { toWeirError, type WeirError } from "../base/errors.ts";

/** A body of which the start has been read. */
export interface OpenedBody {
  /** At least the bytes wanted, unless the body is shorter; empty when it has none. */
  readonly first: Uint8Array;
  /** Yields the whole body, `first` included; throws where the body throws. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** True when `first` is all of it. */
  readonly isWhole: boolean;
  /** Closes the source in place of reading `chunks`. */
  close(): Promise<void>;
}

/** Reads the first `wantedBytes` of a body. A body that breaks off gives what it had first. */
export async function openBody(
  source: AsyncIterable<Uint8Array>,
  wantedBytes: number,
): Promise<OpenedBody> {
  const iterator = source[Symbol.asyncIterator]();
  const held: Uint8Array[] = [];
  let failure: WeirError | undefined;
  let isOver = false;
  for (let size = 0; size < wantedBytes && !isOver;) {
    try {
      const next = await iterator.next();
      isOver = next.done === true;
      if (next.done !== true) {
        held.push(next.value);
        size += next.value.byteLength;
      }
    } catch (error) {
      failure = toWeirError(error);
      isOver = true;
    }
  }
  const first = concatBytes(held);
  const chunks = replay({ first, iterator, failure, isOver });
  return {
    first,
    chunks,
    isWhole: isOver && failure === undefined,
    async close() {
      if (!isOver) await iterator.return?.();
    },
  };
}

interface Replay {
  readonly first: Uint8Array;
  readonly iterator: AsyncIterator<Uint8Array>;
  readonly failure: WeirError | undefined;
  readonly isOver: boolean;
}

async function* replay({ first, iterator, failure, isOver }: Replay): AsyncGenerator<Uint8Array> {
  let isLeft = !isOver;
  try {
    if (first.byteLength > 0) yield first;
    if (failure !== undefined) throw failure;
    while (isLeft) {
      const next = await iterator.next();
      if (next.done === true) isLeft = false;
      else yield next.value;
    }
  } finally {
    // Reached with something left only when the reader stops early or the source threw.
    if (isLeft) await iterator.return?.();
  }
}
