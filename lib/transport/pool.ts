import type { Clock } from "../base/clock.ts";
import type { Link } from "./dial.ts";
import type { Watch } from "./watch.ts";

/** A link older than this is not used again: many servers close after 60 s, some after 5. */
const IDLE_MAX_MS = 60_000;

/** Milliseconds in which an end that came with a response is told: looked for after each. */
const SETTLING_MS = 2;

/** What a pool needs. */
export interface PoolOptions {
  readonly isKept: boolean;
  /** Connections to one origin at a time; further requests wait their turn. */
  readonly maxSockets: number;
  readonly clock: Clock;
}

/** A link on loan: give it back when the response is complete, or drop it. */
export interface Loan {
  readonly link: Link;
  readonly isReused: boolean;
  /** Makes the connection free for the next request. */
  giveBack(): void;
  /** Closes the connection. */
  drop(): void;
}

const ENDINGS = ["data", "end", "close", "error"] as const;

/** A link by turns in use and idle; while it is idle it keeps no process alive. */
class Kept {
  readonly link: Link;
  /** Since when it is idle. */
  sinceMs = 0;
  readonly #discard: () => void;

  /** @param discard called when an idle link is of no use any more */
  constructor(link: Link, discard: (kept: Kept) => void) {
    this.link = link;
    this.#discard = () => discard(this);
  }

  sleep(nowMs: number): void {
    const { socket } = this.link;
    this.sinceMs = nowMs;
    for (const event of ENDINGS) socket.on(event, this.#discard);
    socket.resume();
    socket.unref();
  }

  wake(): void {
    const { socket } = this.link;
    for (const event of ENDINGS) socket.off(event, this.#discard);
    socket.ref();
  }
}

/** The connections to one origin. */
class Origin {
  readonly key: string;
  readonly idle: Kept[] = [];
  readonly waiting: (() => void)[] = [];
  count = 0;

  constructor(key: string) {
    this.key = key;
  }
}

/**
 * The connections of one client, kept by origin.
 *
 * A connection that ends, or on which something comes while it is idle, is thrown away: what came
 * unasked must not become the answer to the next request.
 */
export class Pool {
  readonly #options: PoolOptions;
  readonly #origins = new Map<string, Origin>();
  readonly #links = new Set<Kept>();
  #isClosed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Returns an idle connection to `key`, else a new one from `dial`. */
  async take(key: string, watch: Watch, dial: () => Promise<Link>): Promise<Loan> {
    const origin = this.#origin(key);
    while (origin.count >= this.#options.maxSockets) await turn(origin, watch);
    const idle = this.takeIdle(key);
    if (idle !== undefined) return idle;
    origin.count += 1;
    try {
      const link = await dial();
      const kept = new Kept(link, (one) => this.#discard(origin, one));
      this.#links.add(kept);
      return this.#lend(origin, kept, false);
    } catch (error) {
      this.#leave(origin);
      throw error;
    }
  }

  /** Returns an idle connection to `key`, when there is one and it may be used. */
  takeIdle(key: string): Loan | undefined {
    const origin = this.#origins.get(key);
    if (origin === undefined || origin.count >= this.#options.maxSockets) return undefined;
    const idle = this.#wakeIdle(origin);
    if (idle === undefined) return undefined;
    origin.count += 1;
    return this.#lend(origin, idle, true);
  }

  /**
   * Gives a link to `key` that has just become idle the time to tell that it has ended.
   *
   * Some servers close behind a redirect without saying so in it. A request that is written to such
   * a connection is lost, and is not sent again.
   */
  async settle(key: string): Promise<void> {
    for (let ms = 0; ms < SETTLING_MS; ms += 1) {
      if ((this.#origins.get(key)?.idle.length ?? 0) === 0) return;
      await new Promise<void>((resolve) => void this.#options.clock.after(1, resolve));
    }
  }

  /** Closes all connections, idle and on loan. */
  close(): void {
    this.#isClosed = true;
    for (const { link } of this.#links) link.socket.destroy();
    this.#links.clear();
    this.#origins.clear();
  }

  #origin(key: string): Origin {
    const known = this.#origins.get(key);
    if (known !== undefined) return known;
    const origin = new Origin(key);
    this.#origins.set(key, origin);
    return origin;
  }

  #wakeIdle(origin: Origin): Kept | undefined {
    for (let idle = origin.idle.pop(); idle !== undefined; idle = origin.idle.pop()) {
      idle.wake();
      const ageMs = this.#options.clock.monotonicMs() - idle.sinceMs;
      if (ageMs < IDLE_MAX_MS && !idle.link.socket.destroyed) return idle;
      this.#destroy(idle);
    }
    return undefined;
  }

  #lend(origin: Origin, kept: Kept, isReused: boolean): Loan {
    let isOut = true;
    const end = (isUsable: boolean): void => {
      if (!isOut) return;
      isOut = false;
      if (isUsable) this.#keep(origin, kept);
      else this.#destroy(kept);
      this.#leave(origin);
    };
    return { link: kept.link, isReused, giveBack: () => end(true), drop: () => end(false) };
  }

  #keep(origin: Origin, kept: Kept): void {
    if (!this.#options.isKept || this.#isClosed || kept.link.socket.destroyed) {
      this.#destroy(kept);
      return;
    }
    // First, because what the socket holds already ends it at once.
    origin.idle.push(kept);
    kept.sleep(this.#options.clock.monotonicMs());
  }

  #discard(origin: Origin, kept: Kept): void {
    kept.wake();
    origin.idle.splice(origin.idle.indexOf(kept), 1);
    this.#destroy(kept);
    this.#tidy(origin);
  }

  #destroy(kept: Kept): void {
    this.#links.delete(kept);
    kept.link.socket.destroy();
  }

  #leave(origin: Origin): void {
    origin.count -= 1;
    if (origin.waiting.length > 0) origin.waiting.shift()?.();
    this.#tidy(origin);
  }

  #tidy(origin: Origin): void {
    const isUnused = origin.count === 0 && origin.idle.length + origin.waiting.length === 0;
    if (isUnused && this.#origins.get(origin.key) === origin) this.#origins.delete(origin.key);
  }
}

/** Waits until another request to the origin is done. */
function turn(origin: Origin, watch: Watch): Promise<void> {
  return new Promise((resolve, reject) => {
    const go = (): void => {
      stop();
      resolve();
    };
    origin.waiting.push(go);
    const stop = watch.onFail((error) => {
      const at = origin.waiting.indexOf(go);
      if (at >= 0) origin.waiting.splice(at, 1);
      reject(error);
    });
  });
}
