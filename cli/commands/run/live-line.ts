import type { Clock } from "../../../lib/base/clock.ts";
import { sanitizeLine } from "../../../lib/base/sanitize.ts";
import type { RunEvent } from "../../../lib/pipeline/events.ts";
import { clipToWidth, displayWidth } from "../../../lib/render/size.ts";
import { countText } from "./lines.ts";

/** Requests of this long count for the rate. */
const RATE_WINDOW_MS = 3000;

/** Waits shorter than this are over before they can be read. */
const LEAST_WAIT_MS = 1000;

type Tone = "plain" | "step" | "bad" | "wait" | "dim";

/** A piece of the line, the most important first. */
interface Part {
  readonly text: string;
  readonly tone: Tone;
}

const SGR: Readonly<Record<Tone, string>> = {
  plain: "",
  step: "\u001b[1m",
  bad: "\u001b[31m",
  wait: "\u001b[33m",
  dim: "\u001b[2m",
};
const RESET = "\u001b[0m";
const GAP = "  ";

/** How many requests ended lately. */
class Rate {
  readonly #clock: Clock;
  readonly #times: number[] = [];
  #first = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note(): void {
    this.#times.push(this.#clock.monotonicMs());
  }

  /** Returns requests a second over the last three. */
  perSecond(): number {
    const from = this.#clock.monotonicMs() - RATE_WINDOW_MS;
    while ((this.#times[this.#first] ?? Infinity) < from) this.#first += 1;
    if (this.#first > 10_000) {
      this.#times.splice(0, this.#first);
      this.#first = 0;
    }
    const earliest = this.#times[this.#first];
    if (earliest === undefined) return 0;
    const seconds = (this.#clock.monotonicMs() - earliest) / 1000;
    return (this.#times.length - this.#first) / Math.max(seconds, 0.2);
  }
}

/** What a run is doing now, as one line: kept from events, drawn when it is asked for. */
export class LiveLine {
  readonly #clock: Clock;
  readonly #rate: Rate;
  readonly #waits: { readonly untilMs: number; readonly reason: string }[] = [];
  #step = "";
  #done = 0;
  #failed = 0;
  #total: number | undefined;
  #hasItems = false;
  #page: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#rate = new Rate(clock);
  }

  take(event: RunEvent): void {
    switch (event.event) {
      case "step_start":
        this.#begin(event.step, event.items);
        return;
      case "item_done":
        this.#hasItems = true;
        this.#done = event.done;
        this.#failed = event.failed;
        this.#total = event.total ?? this.#total;
        return;
      case "attempt":
        this.#rate.note();
        return;
      case "page_done":
        this.#page = event.page;
        return;
      case "retry":
        if (event.wait_ms < LEAST_WAIT_MS) return;
        this.#waits.push({
          untilMs: this.#clock.monotonicMs() + event.wait_ms,
          reason: event.reason,
        });
        return;
      case "task_done":
      case "step_end":
      case "warning":
      case "run_start":
      case "run_end":
        return;
    }
  }

  /** Returns the line for a terminal of this width, without a line end. */
  draw(columns: number, isColoured: boolean): string {
    const parts = this.#parts();
    const width = (): number => displayWidth(parts.map(({ text }) => text).join(GAP));
    while (parts.length > 1 && width() > columns) parts.pop();
    const [first] = parts;
    if (first !== undefined && width() > columns) {
      parts[0] = { ...first, text: clipToWidth(first.text, columns) };
    }
    return parts
      .map(({ text, tone }) =>
        isColoured && SGR[tone] !== "" ? `${SGR[tone]}${text}${RESET}` : text,
      )
      .join(GAP);
  }

  #begin(step: string, items: number | undefined): void {
    this.#step = step;
    this.#done = 0;
    this.#failed = 0;
    this.#total = items;
    this.#hasItems = items !== undefined;
    this.#page = undefined;
    this.#waits.length = 0;
  }

  #parts(): Part[] {
    const parts: Part[] = [{ text: sanitizeLine(this.#step), tone: "step" }];
    const total = this.#total === undefined ? "" : `/${countText(this.#total)}`;
    if (this.#hasItems) parts.push({ text: `${countText(this.#done)}${total}`, tone: "plain" });
    if (this.#failed > 0) parts.push({ text: `${countText(this.#failed)} failed`, tone: "bad" });
    const wait = this.#wait();
    if (wait !== undefined) parts.push({ text: wait, tone: "wait" });
    if (this.#page !== undefined && !this.#hasItems) {
      parts.push({ text: `page ${countText(this.#page)}`, tone: "plain" });
    }
    const rate = this.#rate.perSecond();
    const shown = rate < 10 ? rate.toFixed(1) : countText(Math.round(rate));
    if (rate > 0) parts.push({ text: `${shown} requests/s`, tone: "dim" });
    return parts;
  }

  /** Says how long the wait that ends first still takes, and how many there are. */
  #wait(): string | undefined {
    const now = this.#clock.monotonicMs();
    const open = this.#waits.filter(({ untilMs }) => untilMs > now);
    this.#waits.splice(0, this.#waits.length, ...open);
    const next = open.reduce(
      (least, one) => (least === undefined || one.untilMs < least.untilMs ? one : least),
      open[0],
    );
    if (next === undefined) return undefined;
    const others = open.length > 1 ? ` (${countText(open.length)} waiting)` : "";
    const seconds = Math.ceil((next.untilMs - now) / 1000);
    return `retry in ${seconds} s: ${sanitizeLine(next.reason)}${others}`;
  }
}
