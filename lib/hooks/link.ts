import type { Clock } from "../base/clock.ts";
import { toWeirError, WeirError } from "../base/errors.ts";
import { Pace } from "../runtime/awake.ts";
import type { ChildProcess, Processes } from "../runtime/processes.ts";
import { spawnSandbox } from "./early.ts";
import { type Frame, frameParts, FrameReader } from "./frames.ts";

/** What a link needs from outside. */
export interface LinkPorts {
  readonly processes: Processes;
  readonly clock: Clock;
}

/** Why a child came to its end. */
export interface LinkEnd {
  readonly reason: "hang" | "protocol" | "gone" | "closed";
  /** The plugin that was at work; undefined when none was. */
  readonly plugin: number | undefined;
  readonly error: WeirError;
}

/** What a link tells its owner. */
export interface LinkListener {
  frame(frame: Frame, link: ChildLink): void;
  /** Called once. No frame comes after it. */
  end(end: LinkEnd, link: ChildLink): void;
}

/** Work handed to the child that it has not confirmed yet. */
interface Work {
  readonly plugin: number;
  readonly deadlineMs: number;
}

/** How long a child may be late: its own timer is exact, the machine may be busy. */
const GRACE_MS = 500;

/** Time for a child to start, on a machine that does ten things at once. */
const START_MS = 15_000;

/** One sandbox child: sends it frames, bounds the time it takes, and ends it when it hangs. */
export class ChildLink {
  readonly #clock: Clock;
  readonly #listener: LinkListener;
  readonly #child: ChildProcess;
  readonly #work: Work[] = [];
  #confirmed = 0;
  /** When the child began with the first of `#work`. */
  #sinceMs: number;
  #stopTimer: (() => void) | undefined;
  #lookAtMs = 0;
  readonly #pace = new Pace();
  #isReady = false;
  #isEnded = false;
  #idle: (() => void)[] = [];

  /** @param memoryMb memory of the plugin that most likely comes first */
  constructor({ processes, clock }: LinkPorts, listener: LinkListener, memoryMb: number) {
    this.#clock = clock;
    this.#listener = listener;
    this.#sinceMs = clock.monotonicMs();
    this.#child = spawnSandbox(processes, memoryMb);
    this.#watch(START_MS);
    void this.#listen();
  }

  /** Process id of the child. */
  get pid(): number {
    return this.#child.pid;
  }

  /** True when the child is gone. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** True when the child has confirmed everything it was sent. */
  get isIdle(): boolean {
    return this.#isEnded || this.#work.length === 0;
  }

  /** Resolves when the child has confirmed everything it was sent, or is gone. */
  idle(): Promise<void> {
    if (this.isIdle) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Sends a frame that makes plugin `work.plugin` run. */
  send(frame: Frame, work: Work): void {
    if (this.#isEnded) return;
    if (this.#work.length === 0 && this.#isReady) this.#sinceMs = this.#clock.monotonicMs();
    this.#work.push(work);
    this.#write(frame);
    if (this.#work.length === 1) this.#pace.stayAwake(() => !this.isIdle);
    if (this.#isReady) this.#watch(work.deadlineMs + GRACE_MS);
  }

  /** Answers a question the child waits for; the time it waited is not its own. */
  answerNow(frame: Frame): void {
    this.#sinceMs = this.#clock.monotonicMs();
    if (!this.#isEnded) this.#write(frame);
    // The child counts the frames it takes, and takes this one inside of another.
  }

  /** Ends the child. */
  close(): void {
    const error = new WeirError("HOOK_SANDBOX", "The sandbox was closed");
    this.#end({ reason: "closed", plugin: undefined, error });
  }

  #write(frame: Frame): void {
    for (const part of frameParts(frame)) this.#child.write(part);
  }

  async #listen(): Promise<void> {
    const reader = new FrameReader("child");
    try {
      for await (const chunk of this.#child.output) {
        for (const frame of reader.push(chunk)) {
          if (this.#isEnded) return;
          this.#take(frame);
        }
      }
    } catch (error) {
      this.#end({ reason: "protocol", plugin: this.#work[0]?.plugin, error: toWeirError(error) });
      return;
    }
    const error = new WeirError("HOOK_SANDBOX", "The sandbox of the plugins ended by itself", {
      hint: "See whether the machine is out of memory",
    });
    this.#end({ reason: "gone", plugin: this.#work[0]?.plugin, error });
  }

  #take(frame: Frame): void {
    if (frame.kind === "hello") {
      this.#isReady = true;
      this.#sinceMs = this.#clock.monotonicMs();
      const [work] = this.#work;
      if (work !== undefined) this.#watch(work.deadlineMs + GRACE_MS);
    } else if (frame.kind === "ping") this.#confirm(frame.id);
    else this.#listener.frame(frame, this);
  }

  #confirm(count: number): void {
    // A child that claims to be further than it was asked to only shortens its own time.
    const done = Math.min(count - this.#confirmed, this.#work.length);
    if (done <= 0) return;
    this.#work.splice(0, done);
    this.#confirmed += done;
    const nowMs = this.#clock.monotonicMs();
    this.#pace.note(nowMs - this.#sinceMs);
    this.#sinceMs = nowMs;
    if (this.#work.length === 0) this.#tellIdle();
  }

  #tellIdle(): void {
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Looks after the child in `delayMs` or sooner; one timer at a time. */
  #watch(delayMs: number): void {
    const lookAtMs = this.#clock.monotonicMs() + delayMs;
    if (this.#stopTimer !== undefined && this.#lookAtMs <= lookAtMs) return;
    this.#stopTimer?.();
    this.#lookAtMs = lookAtMs;
    this.#stopTimer = this.#clock.after(delayMs, () => {
      this.#stopTimer = undefined;
      this.#look();
    });
  }

  #look(): void {
    const [work] = this.#work;
    if (this.#isEnded || (this.#isReady && work === undefined)) return;
    const limitMs = this.#isReady && work !== undefined ? work.deadlineMs + GRACE_MS : START_MS;
    const leftMs = this.#sinceMs + limitMs - this.#clock.monotonicMs();
    if (leftMs > 0) return this.#watch(leftMs);
    const message = this.#isReady
      ? `ran for more than ${work?.deadlineMs} ms and could not be interrupted`
      : `The sandbox did not start within ${START_MS / 1000} s`;
    const error = new WeirError("HOOK_SANDBOX", message);
    this.#end({ reason: "hang", plugin: this.#isReady ? work?.plugin : undefined, error });
  }

  #end(end: LinkEnd): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#stopTimer?.();
    this.#child.kill();
    this.#tellIdle();
    this.#listener.end(end, this);
  }
}
