import { concatBytes } from "../base/bytes.ts";
import { messageOf, WeirError } from "../base/errors.ts";
import type { Agent } from "./agent.ts";
import { type Envelope, envelopeLine, failure } from "./envelope.ts";

/** Longest line read; the URL, headers and body of a call fit many times over. */
const LINE_CAP_BYTES = 16 * 1024 * 1024;

/** Calls answered at the same time; further lines wait in the pipe. */
const CALL_LIMIT = 64;

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
 * A line that is not a call gets an answer too. Rejects as soon as an answer cannot be written.
 */
export async function serveLines(agent: Agent, lines: Lines): Promise<void> {
  const broken = Promise.withResolvers<never>();
  // Who reads the answers may go while no further line comes.
  await Promise.race([answerLines(agent, lines, broken.reject), broken.promise]);
}

async function answerLines(
  agent: Agent,
  { input, write, signal }: Lines,
  onBroken: (error: unknown) => void,
): Promise<void> {
  const running = new Set<Promise<void>>();
  let lastWrite = Promise.resolve();
  const answer = async (line: string): Promise<void> => {
    const envelope = await answerLine(agent, line, signal);
    // One answer at a time, so that lines never mix.
    lastWrite = lastWrite.then(() => write(envelopeLine(envelope)));
    await lastWrite.catch(onBroken);
  };
  for await (const line of linesOf(input)) {
    if (signal.aborted) break;
    if (line.trim() === "") continue;
    const work: Promise<void> = answer(line).finally(() => running.delete(work));
    running.add(work);
    if (running.size >= CALL_LIMIT) await Promise.race(running);
  }
  await Promise.all(running);
}

async function answerLine(agent: Agent, line: string, signal: AbortSignal): Promise<Envelope> {
  if (line === TOO_LONG) return notACall(`The line is longer than ${LINE_CAP_BYTES} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    // The parser quotes what it stopped at, which may be most of the line.
    return notACall(`The line is not JSON: ${messageOf(error).split("\n")[0]?.slice(0, 200)}`);
  }
  return await agent.call(value, signal);
}

function notACall(message: string): Envelope {
  const hint = 'Send one JSON object a line, such as {"id":1,"name":"http_get","arguments":{}}';
  return failure(null, new WeirError("DATA_BAD_CALL", message, { hint }));
}

/** Stands for a line over the cap; no line of the input is the same, because it has its end. */
const TOO_LONG = "too long\n";

const LINE_FEED = 10;

async function* linesOf(input: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let held: Uint8Array[] = [];
  let size = 0;
  const take = (): string => {
    const line = size > LINE_CAP_BYTES ? TOO_LONG : new TextDecoder().decode(concatBytes(held));
    [held, size] = [[], 0];
    return line;
  };
  // The rest of a line that is too long is read and thrown away.
  const hold = (bytes: Uint8Array): void => {
    size += bytes.byteLength;
    if (size > LINE_CAP_BYTES) held = [];
    // A copy: who hands out chunks may fill them anew.
    else if (bytes.byteLength > 0) held.push(bytes.slice());
  };
  for await (const chunk of input) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      hold(chunk.subarray(start, end));
      yield take();
      start = end + 1;
    }
    hold(chunk.subarray(start));
  }
  if (size > 0) yield take();
}
