import { concatBytes } from "../../../lib/base/bytes.ts";
import type { Clock } from "../../../lib/base/clock.ts";
import type { Body } from "../../../lib/http/body.ts";
import { NO_BODY } from "../../../lib/http/body.ts";
import type { Input } from "../../../lib/runtime/runtime.ts";

/** Input up to this size is held, so that it has a length and can be sent again. */
const HELD_BYTES = 256 * 1024;

/** Silence after which a person is told what weir waits for. */
const NOTICE_AFTER_MS = 2000;

/** What reading standard input needs. */
export interface StdinPorts {
  readonly stdin: Input;
  readonly clock: Clock;
  readonly notice: (text: string) => Promise<void>;
}

/**
 * Says whether standard input may give a body without being asked for.
 *
 * Only a pipe or a file can: a terminal, /dev/null, a closed descriptor and a socket inherited from
 * a service manager never do, so nothing waits for them.
 */
export function isStdinCandidate({ stdin }: Pick<StdinPorts, "stdin">): boolean {
  const kind = stdin.kind();
  return kind === "pipe" || (kind === "file" && stdin.sizeBytes() !== 0);
}

/** Returns the body standard input holds: waits for its end, or for its first large part. */
export async function readStdin({ stdin, clock, notice }: StdinPorts): Promise<Body> {
  const lengthBytes = stdin.sizeBytes();
  const source = stdin.chunks()[Symbol.asyncIterator]();
  const cancelNotice = clock.after(NOTICE_AFTER_MS, () => {
    // A notice that cannot be written must not end the request.
    void notice("Waiting for standard input; --ignore-stdin sends the request without it").catch(
      () => undefined,
    );
  });
  try {
    return await heldOrStreamed(source, lengthBytes);
  } finally {
    cancelNotice();
  }
}

async function heldOrStreamed(
  source: AsyncIterator<Uint8Array>,
  lengthBytes: number | undefined,
): Promise<Body> {
  const held: Uint8Array[] = [];
  let size = 0;
  while (size < HELD_BYTES) {
    const next = await source.next();
    if (next.done === true) {
      return size === 0 ? NO_BODY : { kind: "bytes", bytes: concatBytes(held) };
    }
    held.push(next.value);
    size += next.value.byteLength;
  }
  return { kind: "stream", lengthBytes, replayable: false, open: () => resume(held, source) };
}

async function* resume(
  held: readonly Uint8Array[],
  source: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* held;
    for (let next = await source.next(); next.done !== true; next = await source.next()) {
      yield next.value;
    }
  } finally {
    // An early answer leaves input unread; a pending read would keep the process alive.
    await source.return?.();
  }
}
