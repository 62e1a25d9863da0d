import { messageOf, toWeirError, WeirError } from "../base/errors.ts";
import type { Agent } from "./agent.ts";
import { failure } from "./envelope.ts";

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
 * A line that is not a call gets an answer too. Rejects when an answer cannot be written.
 */
export async function serveLines(agent: Agent, { input, write, signal }: Lines): Promise<void> {
  const running = new Set<Promise<void>>();
  let lastWrite = Promise.resolve();
  let writeError: WeirError | undefined;
  const answer = async (line: string): Promise<void> => {
    const envelope = await answerLine(agent, line, signal);
    // One answer at a time, so that lines never mix.
    lastWrite = lastWrite.then(() => write(`${JSON.stringify(envelope)}\n`));
    await lastWrite.catch((error: unknown) => {
      writeError ??= toWeirError(error);
    });
  };
  for await (const line of linesOf(input)) {
    if (signal.aborted || writeError !== undefined) break;
    if (line.trim() === "") continue;
    const work: Promise<void> = answer(line).finally(() => running.delete(work));
    running.add(work);
    if (running.size >= CALL_LIMIT) await Promise.race(running);
  }
  await Promise.all(running);
  if (writeError !== undefined) throw writeError;
}

async function answerLine(agent: Agent, line: string, signal: AbortSignal) {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    const what = messageOf(error).split("\n")[0] ?? "";
    const hint = 'Send one JSON object a line, such as {"id":1,"name":"http_get","arguments":{}}';
    return failure(null, new WeirError("DATA_BAD_CALL", `The line is not JSON: ${what}`, { hint }));
  }
  return await agent.call(value, signal);
}

async function* linesOf(input: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let held = "";
  let isTooLong = false;
  for await (const chunk of input) {
    const parts = (held + decoder.decode(chunk, { stream: true })).split("\n");
    held = parts.pop() ?? "";
    for (const part of parts) {
      yield isTooLong ? TOO_LONG : part;
      isTooLong = false;
    }
    if (held.length > LINE_CAP_BYTES) {
      // The rest of the line is read and thrown away.
      held = "";
      isTooLong = true;
    }
  }
  const last = isTooLong ? TOO_LONG : held + decoder.decode();
  if (last !== "") yield last;
}

/** Stands for a line over the cap: no JSON, so that it gets an answer that says so. */
const TOO_LONG = "a line of more than 16 MiB";
