import type { Clock } from "../../../lib/base/clock.ts";
import type { StampedEvent } from "../../../lib/pipeline/events.ts";
import type { Io } from "../../io.ts";
import { detailLine, type Detail, eventLine } from "./lines.ts";
import { LiveLine } from "./live-line.ts";

/** Told what happens in a run, and writes about it to standard error. */
export interface RunProgress {
  take(event: StampedEvent): void;
  /** Writes a line of its own: a warning, the word of a plugin. */
  say(line: string): void;
  /** Runs what writes to standard output, with nothing of the progress in its way. */
  around<T>(write: () => Promise<T>): Promise<T>;
  /** Takes what is in the way off the screen and waits until all is written. */
  end(): Promise<void>;
}

/** Least milliseconds between two paintings of the line. */
const PAINT_EVERY_MS = 100;

const CLEAR_LINE = "\r\u001b[2K";

/** How progress is shown. */
export interface ProgressOptions {
  readonly isQuiet: boolean;
  readonly detail: Detail;
  readonly isNdjson: boolean;
}

/** Returns what shows the progress of a run: lines for programs, a live line on a terminal, or lines. */
export function openProgress(io: Io, { isQuiet, detail, isNdjson }: ProgressOptions): RunProgress {
  const writer = new LineWriter(io);
  if (isNdjson) return new EventLines(writer);
  if (isQuiet) return new PlainLines(writer, io.runtime.clock, undefined);
  if (!io.stderr.isTerminal()) return new PlainLines(writer, io.runtime.clock, detail);
  return new Screen(io, detail);
}

/** Writes lines in order; what cannot be written is lost, because nobody is left to be told. */
class LineWriter {
  readonly #io: Io;
  #written: Promise<void> = Promise.resolve();
  #held = "";

  constructor(io: Io) {
    this.#io = io;
  }

  /** Lines of one turn leave in one write. */
  line(text: string): void {
    if (this.#held === "") this.#written = this.#written.then(() => this.#flush());
    this.#held += `${text}\n`;
  }

  async #flush(): Promise<void> {
    const text = this.#held;
    this.#held = "";
    await this.#io.stderr.write(text).catch(() => undefined);
  }

  async end(): Promise<void> {
    await this.#written;
  }
}

/** One JSON object a line. */
class EventLines implements RunProgress {
  readonly #writer: LineWriter;

  constructor(writer: LineWriter) {
    this.#writer = writer;
  }

  take(event: StampedEvent): void {
    this.#writer.line(JSON.stringify(event));
  }

  say(line: string): void {
    this.#writer.line(line);
  }

  async around<T>(write: () => Promise<T>): Promise<T> {
    return await write();
  }

  async end(): Promise<void> {
    await this.#writer.end();
  }
}

/** Lines for a log. */
class PlainLines implements RunProgress {
  readonly #writer: LineWriter;
  readonly #clock: Clock;
  readonly #detail: Detail | undefined;
  #lastWaitMs = -Infinity;

  /** @param detail undefined: events are not told of */
  constructor(writer: LineWriter, clock: Clock, detail: Detail | undefined) {
    this.#writer = writer;
    this.#clock = clock;
    this.#detail = detail;
  }

  take(event: StampedEvent): void {
    if (this.#detail === undefined) return;
    if (event.event === "retry" && this.#detail === 0 && !this.#mayTellOfWait()) return;
    const line = eventLine(event, this.#detail);
    if (line !== undefined) this.#writer.line(line);
  }

  say(line: string): void {
    this.#writer.line(line);
  }

  async around<T>(write: () => Promise<T>): Promise<T> {
    return await write();
  }

  async end(): Promise<void> {
    await this.#writer.end();
  }

  /** Sixty-four requests that wait for the same server are one piece of news. */
  #mayTellOfWait(): boolean {
    const now = this.#clock.monotonicMs();
    if (now - this.#lastWaitMs < 1000) return false;
    this.#lastWaitMs = now;
    return true;
  }
}

/** One line on a terminal, redrawn at most ten times a second, and lines above it. */
class Screen implements RunProgress {
  readonly #io: Io;
  readonly #detail: Detail;
  readonly #line: LiveLine;
  #written: Promise<void> = Promise.resolve();
  #stopTimer: (() => void) | undefined;
  #isOver = false;
  #isShown = false;
  #above = "";

  constructor(io: Io, detail: Detail) {
    this.#io = io;
    this.#detail = detail;
    this.#line = new LiveLine(io.runtime.clock);
    this.#tick();
  }

  take(event: StampedEvent): void {
    this.#line.take(event);
    const line = detailLine(event, this.#detail);
    if (line !== undefined) this.say(line);
  }

  say(line: string): void {
    this.#above += `${line}\n`;
  }

  async around<T>(write: () => Promise<T>): Promise<T> {
    this.#paint(false);
    await this.#written;
    return await write();
  }

  async end(): Promise<void> {
    this.#isOver = true;
    this.#stopTimer?.();
    this.#paint(false);
    await this.#written;
  }

  #tick(): void {
    this.#stopTimer = this.#io.runtime.clock.after(PAINT_EVERY_MS, () => {
      if (this.#isOver) return;
      this.#paint(true);
      this.#tick();
    });
  }

  #paint(isLive: boolean): void {
    const { stderr } = this.#io;
    // One column stays free: some terminals wrap when the last one is written.
    const line = isLive ? this.#line.draw(stderr.columns() - 1, this.#io.isStderrColoured) : "";
    const text = `${this.#isShown ? CLEAR_LINE : ""}${this.#above}${line}`;
    this.#above = "";
    this.#isShown = line !== "";
    if (text === "") return;
    this.#written = this.#written.then(() => stderr.write(text)).catch(() => undefined);
  }
}
