import { ByteQueue } from "../base/bytes.ts";
import { messageOf, toWeirError, WeirError } from "../base/errors.ts";
import type { Agent } from "./agent.ts";
import { envelopeLine, failure } from "./envelope.ts";

/** Longest line read; the URL, headers and body of a call fit many times over. */
const LINE_CAP_BYTES = 16 * 1024 * 1024;

/** Calls answered at the same time; further lines wait in the pipe. */
const CALL_LIMIT = 64;

const LINE_END = 0x0a;

/** Where calls come from and answers go. */
export interface Lines {
  readonly input: AsyncIterable<Uint8Array>;
  /** Writes one whole line. */
  readonly write: (line: string) => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Answers calls, one JSON object a line, until the input ends; calls run side by side, and answers
 * come in the order in which they are done.
 *
 * A line that is not a call gets an answer too. The signal ends the calls that run, which are still
 * recorded and answered. Rejects when an answer cannot be written.
 */
export async function serveLines(agent: Agent, { input, write, signal }: Lines): Promise<void> {
  const running = new Set<Promise<void>>();
  const end = new AbortController();
  const stop = (): void => end.abort(signal.reason);
  let lastWrite = Promise.resolve();
  let writeError: WeirError | undefined;
  const answer = async (line: string | undefined): Promise<void> => {
    const envelope = await answerLine(agent, line, end.signal);
    // One answer at a time, so that lines never mix.
    lastWrite = lastWrite.then(() => write(envelopeLine(envelope)));
    await lastWrite.catch((error: unknown) => {
      writeError ??= toWeirError(error);
      end.abort(new WeirError("CANCELLED", "Nobody reads the answers any more"));
    });
  };
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  for await (const line of until(linesOf(input), end.signal)) {
    if (line?.trim() === "") continue;
    const work: Promise<void> = answer(line).finally(() => running.delete(work));
    running.add(work);
    if (running.size >= CALL_LIMIT) await Promise.race(running);
  }
  await Promise.all(running);
  signal.removeEventListener("abort", stop);
  if (writeError !== undefined) throw writeError;
}

async function answerLine(agent: Agent, line: string | undefined, signal: AbortSignal) {
  if (line === undefined) {
    const hint = "Put large bodies elsewhere and send a link";
    return failure(null, new WeirError("DATA_BAD_CALL", "The line is over 16 MiB", { hint }));
  }
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    // The parser quotes what it stopped at, which may be most of the line.
    const what = (messageOf(error).split("\n")[0] ?? "").slice(0, 200);
    const hint = 'Send one JSON object a line, such as {"id":1,"name":"http_get","arguments":{}}';
    return failure(null, new WeirError("DATA_BAD_CALL", `The line is not JSON: ${what}`, { hint }));
  }
  return await agent.call(value, signal);
}

/** Yields what `source` yields until the signal comes, also while the source is waited for. */
async function* until<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  while (!signal.aborted) {
    const { promise, resolve, reject } = Promise.withResolvers<IteratorResult<T> | undefined>();
    const stop = (): void => resolve(undefined);
    signal.addEventListener("abort", stop, { once: true });
    // Not Promise.race(): a promise that lives as long as the agent would keep every turn.
    iterator.next().then(resolve, reject);
    const next = await promise;
    signal.removeEventListener("abort", stop);
    if (next === undefined || next.done === true) return;
    yield next.value;
  }
}

/** Yields lines without their ends; undefined for one over the cap, which is thrown away. */
async function* linesOf(input: AsyncIterable<Uint8Array>): AsyncGenerator<string | undefined> {
  const held = new ByteQueue();
  let isTooLong = false;
  const hold = (bytes: Uint8Array): void => {
    isTooLong ||= held.sizeBytes + bytes.byteLength > LINE_CAP_BYTES;
    if (isTooLong) held.clear();
    else held.push(bytes);
  };
  const take = (): string | undefined => {
    const line = isTooLong ? undefined : new TextDecoder().decode(held.takeAll());
    isTooLong = false;
    return line;
  };
  for await (const chunk of input) {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(LINE_END, start);
      if (end < 0) break;
      hold(chunk.subarray(start, end));
      start = end + 1;
      yield take();
    }
    hold(chunk.subarray(start));
  }
  if (isTooLong || held.sizeBytes > 0) yield take();
}
