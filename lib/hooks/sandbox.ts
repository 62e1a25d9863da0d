import type { Clock } from "../base/clock.ts";
import { messageOf, toWeirError } from "../base/errors.ts";
import type { Processes } from "../runtime/processes.ts";
import { DEFAULT_LIMITS } from "./limits.ts";
import type { Frame } from "./frames.ts";
import { ChildLink, type LinkEnd } from "./link.ts";
import { type RawLog, readFailure, readLog, readOperation } from "./messages.ts";
import { Seat, type SeatOffice, type SeatPlan } from "./seat.ts";

/** What a sandbox is made of. */
export interface SandboxPorts {
  readonly processes: Processes;
  readonly clock: Clock;
  /** Takes a line a plugin logged, as the plugin wrote it. */
  readonly log: (line: RawLog) => void;
  /** True: a second child waits ready, for programs that serve many requests. */
  readonly hasStandby?: boolean | undefined;
}

/**
 * The children of one client and the plugins in them.
 *
 * Plugins share a child until one of them has to be stopped; that one gets a child of its own.
 */
export class Sandbox implements SeatOffice {
  readonly #ports: SandboxPorts;
  readonly #seats = new Map<number, Seat>();
  readonly #links = new Set<ChildLink>();
  #shared: ChildLink | undefined;
  #standby: ChildLink | undefined;
  /** True until a standby has been started in place of the last one that was taken. */
  #lacksStandby = true;
  #lastCall = 0;
  #memoryMb = DEFAULT_LIMITS.memoryMb;
  #isClosed = false;

  constructor(ports: SandboxPorts) {
    this.#ports = ports;
  }

  /**
   * Starts the shared child, so that it gets ready while other work is done.
   *
   * @param memoryMb memory of the plugin that most likely comes first
   */
  start(memoryMb: number): void {
    this.#memoryMb = memoryMb;
    this.#shared ??= this.#spawn();
  }

  /** Adds a plugin; nothing of it runs yet. */
  seat(plan: SeatPlan): Seat {
    const seat = new Seat(plan, this);
    this.#seats.set(plan.id, seat);
    return seat;
  }

  /** Process ids of the children that live. */
  pids(): readonly number[] {
    return Array.from(this.#links, (link) => link.pid);
  }

  /** Ends every child. Calls under way fail. */
  close(): void {
    this.#isClosed = true;
    for (const seat of this.#seats.values()) seat.close();
    for (const link of this.#links) link.close();
  }

  /** Returns a child for a plugin. */
  link(isOwn: boolean): ChildLink {
    if (!isOwn && this.#shared !== undefined && !this.#shared.isEnded) return this.#shared;
    const link = this.#take();
    if (!isOwn) this.#shared = link;
    return link;
  }

  /** Returns a number no call of this sandbox has had; they are 32-bit in frames. */
  nextCallId(): number {
    this.#lastCall = (this.#lastCall + 1) >>> 0 || 1;
    return this.#lastCall;
  }

  /** Runs `task` after `delayMs` unless it is cancelled by the function returned. */
  after(delayMs: number, task: () => void): () => void {
    return this.#ports.clock.after(delayMs, task);
  }

  #take(): ChildLink {
    const ready = this.#standby;
    this.#standby = undefined;
    this.#lacksStandby = true;
    return ready === undefined || ready.isEnded ? this.#spawn() : ready;
  }

  /** Starts a standby, once another child is at work: before, it would only be in its way. */
  #replenish(): void {
    if (this.#ports.hasStandby !== true || !this.#lacksStandby || this.#isClosed) return;
    this.#lacksStandby = false;
    this.#standby = this.#spawn();
  }

  #spawn(): ChildLink {
    const listener = {
      frame: (frame: Frame, from: ChildLink) => this.#route(frame, from),
      end: (end: LinkEnd, from: ChildLink) => this.#lose(from, end),
    };
    const link = new ChildLink(this.#ports, listener, this.#memoryMb);
    this.#links.add(link);
    return link;
  }

  /** Hands a frame to the plugin it concerns; a seat takes frames of its own child only. */
  #route(frame: Frame, link: ChildLink): void {
    this.#replenish();
    if (frame.kind === "log") return this.#ports.log(readLog(frame));
    if (frame.kind === "op") {
      this.#seats.get(readOperation(frame).plugin)?.take(frame, link);
      return;
    }
    const isFault = frame.kind === "error" && readFailure(frame).isFatal;
    const seat = isFault
      ? this.#seats.get(readFailure(frame).plugin)
      : [...this.#seats.values()].find((one) => one.owns(frame.id));
    seat?.take(frame, link);
  }

  #lose(link: ChildLink, end: LinkEnd): void {
    this.#links.delete(link);
    if (link === this.#shared) this.#shared = undefined;
    if (link === this.#standby) this.#standby = undefined;
    if (end.reason === "protocol") {
      const text = `${messageOf(toWeirError(end.error))}`;
      this.#ports.log({ plugin: end.plugin ?? 0, level: "error", text });
    }
    for (const seat of this.#seats.values()) seat.lose(link, end);
  }
}
