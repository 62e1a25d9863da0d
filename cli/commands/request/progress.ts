import type { Clock } from "../../../lib/base/clock.ts";
import { sanitizeText } from "../../../lib/base/sanitize.ts";
import { progressLine, summaryLine } from "../../../lib/render/progress.ts";
import type { Output } from "../../../lib/runtime/runtime.ts";

/** Told about the bytes of a transfer as they move. */
export interface Progress {
  start(name: string, doneBytes: number, totalBytes: number | undefined): Promise<void>;
  advance(doneBytes: number): Promise<void>;
  /** Ends the display, also after a failure. */
  end(isComplete: boolean): Promise<void>;
}

const nothing = (): Promise<void> => Promise.resolve();

/** Shows nothing. */
export const noProgress: Progress = { start: nothing, advance: nothing, end: nothing };

/** Least milliseconds between two paintings of the line. */
const PAINT_EVERY_MS = 100;

const CLEAR_LINE = "\r\u001b[2K";

/** Says at the end what was transferred; for a standard error that is no terminal. */
export class SummaryLine implements Progress {
  readonly #output: Output;
  readonly #clock: Clock;
  #name = "";
  #startedMs = 0;
  #startBytes = 0;
  #doneBytes = 0;

  constructor(output: Output, clock: Clock) {
    this.#output = output;
    this.#clock = clock;
  }

  start(name: string, doneBytes: number, _totalBytes: number | undefined): Promise<void> {
    this.#name = name;
    this.#startedMs = this.#clock.monotonicMs();
    this.#startBytes = doneBytes;
    this.#doneBytes = doneBytes;
    return Promise.resolve();
  }

  advance(doneBytes: number): Promise<void> {
    this.#doneBytes = doneBytes;
    return Promise.resolve();
  }

  async end(isComplete: boolean): Promise<void> {
    const line = summaryLine({
      doneBytes: this.#doneBytes,
      elapsedMs: this.#clock.monotonicMs() - this.#startedMs,
      resumedBytes: this.#startBytes,
      isComplete,
    });
    await this.#output.write(`${sanitizeText(this.#name)}: ${line}\n`);
  }
}

/** A line on a terminal that shows how far a transfer is. */
export class ProgressBar implements Progress {
  readonly #output: Output;
  readonly #clock: Clock;
  readonly #summary: SummaryLine;
  #name = "";
  #startedMs = 0;
  #paintedMs = 0;
  #startBytes = 0;
  #doneBytes = 0;
  #totalBytes: number | undefined;

  constructor(output: Output, clock: Clock) {
    this.#output = output;
    this.#clock = clock;
    this.#summary = new SummaryLine(output, clock);
  }

  async start(name: string, doneBytes: number, totalBytes: number | undefined): Promise<void> {
    this.#name = name;
    this.#startedMs = this.#clock.monotonicMs();
    this.#startBytes = doneBytes;
    this.#doneBytes = doneBytes;
    this.#totalBytes = totalBytes;
    await this.#summary.start(name, doneBytes, totalBytes);
    await this.#paint();
  }

  async advance(doneBytes: number): Promise<void> {
    this.#doneBytes = doneBytes;
    await this.#summary.advance(doneBytes);
    if (this.#clock.monotonicMs() - this.#paintedMs >= PAINT_EVERY_MS) await this.#paint();
  }

  /** Takes a count without waiting for the terminal; one that cannot be painted is left out. */
  note(doneBytes: number): void {
    void this.advance(doneBytes).catch(() => undefined);
  }

  async end(isComplete: boolean): Promise<void> {
    await this.#output.write(CLEAR_LINE);
    await this.#summary.end(isComplete);
  }

  async #paint(): Promise<void> {
    this.#paintedMs = this.#clock.monotonicMs();
    const elapsedSeconds = (this.#paintedMs - this.#startedMs) / 1000;
    const moved = this.#doneBytes - this.#startBytes;
    const line = progressLine({
      doneBytes: this.#doneBytes,
      totalBytes: this.#totalBytes,
      rateBytesPerSecond: elapsedSeconds > 0 ? moved / elapsedSeconds : 0,
      columns: this.#output.columns(),
      name: this.#name,
    });
    await this.#output.write(`${CLEAR_LINE}${line}`);
  }
}
