import { messageOf } from "../../base/errors.ts";
import { Pace } from "../../runtime/awake.ts";
import { blockingStdio, collectGarbage, silenceConsole } from "../../runtime/blocking-stdio.ts";
import { endWithParent } from "../../runtime/orphan.ts";
import { type ReceivedFrame, FrameReader } from "../frames.ts";
import { Seats } from "./seats.ts";

/** Bytes asked of the pipe at once: what one holds on Linux. */
const READ_BYTES = 64 * 1024;

/** Frames after which memory is collected, which takes some 10 ms: a microsecond for each of them. */
const FRAMES_A_COLLECTION = 10_000;

/** The parent's frames, read in place and in order. */
class Inbox {
  readonly #reader = new FrameReader("parent");
  readonly #buffer = new Uint8Array(READ_BYTES);
  readonly #waiting: ReceivedFrame[] = [];
  readonly #pace = new Pace();

  /** Resolves when it is able to wait as the pace of the frames asks for; undefined when it is. */
  get opening(): Promise<void> | undefined {
    return this.#pace.opening;
  }

  /** Returns the next frame; undefined when the parent has closed the pipe. */
  next(): ReceivedFrame | undefined {
    return this.#waiting.shift() ?? this.#read((frame) => frame);
  }

  /** Returns the reply to operation `id`, and keeps what comes before it for later. */
  replyTo(id: number): ReceivedFrame | undefined {
    return this.#read((frame) => (frame.kind === "reply" && frame.id === id ? frame : undefined));
  }

  /** Reads once; a large frame goes to its place at once. Undefined at the end. */
  #take(): readonly ReceivedFrame[] | undefined {
    const { room } = this.#reader;
    const count = this.#fill(room ?? this.#buffer);
    if (count === 0) return undefined;
    if (room === undefined) return [...this.#reader.push(this.#buffer.slice(0, count))];
    const frame = this.#reader.fill(count);
    return frame === undefined ? [] : [frame];
  }

  #fill(into: Uint8Array): number {
    const sinceMs = performance.now();
    const count = this.#pace.readInput(into) || blockingStdio.read(into);
    this.#pace.note(performance.now() - sinceMs);
    return count;
  }

  /** Reads until `wanted` returns a frame; those it does not want wait. */
  #read(wanted: (frame: ReceivedFrame) => ReceivedFrame | undefined): ReceivedFrame | undefined {
    for (;;) {
      const frames = this.#take();
      if (frames === undefined) return undefined;
      let found: ReceivedFrame | undefined;
      for (const frame of frames) {
        if (found === undefined && wanted(frame) !== undefined) found = frame;
        else this.#waiting.push(frame);
      }
      if (found !== undefined) return found;
    }
  }
}

/**
 * Runs the sandbox: a program that reads a frame, runs a plugin, writes what it says, and has neither
 * event loop nor network nor secrets. Returns when the parent closes the pipe.
 *
 * @param memoryMb memory of the plugin that most likely comes first
 */
export async function serveSandbox(memoryMb: number): Promise<void> {
  silenceConsole();
  const inbox = new Inbox();
  const seats = new Seats({
    write: (bytes) => blockingStdio.write(bytes),
    replyTo: (id) => inbox.replyTo(id),
  });
  await seats.prepare(memoryMb);
  endWithParent();
  for (let count = 1; ; count += 1) {
    const frame = inbox.next();
    if (frame === undefined) return;
    try {
      // Most frames are dealt with at once: a promise for each would take longer than some hooks.
      const work = seats.take(frame);
      if (work !== undefined) await work;
    } catch (error) {
      seats.complain(messageOf(error));
    }
    seats.flush(count);
    if (inbox.opening !== undefined) await inbox.opening;
    if (count % FRAMES_A_COLLECTION === 0) collectGarbage();
  }
}
