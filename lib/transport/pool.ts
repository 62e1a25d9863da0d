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

interface Idle {
  readonly link: Link;
  readonly sinceMs: number;
  /** Stops watching the socket. */
  readonly wake: () => void;
}

/** The connections to one origin. */
class Origin {
  readonly idle: Idle[] = [];
  readonly waiting: (() => void)[] = [];
  count = 0;
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
  readonly #links = new Set<Link>();
  #isClosed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Returns an idle connection to `key`, else a new one from `dial`. */
  async take(key: string, watch: Watch, dial: () => Promise<Link>): Promise<Loan> {
    const origin = this.#origin(key);
    while (origin.count >= this.#options.maxSockets) await turn(origin, watch);
    origin.count += 1;
    const idle = this.#wakeIdle(origin);
    if (idle !== undefined) return this.#lend(key, origin, idle, true);
    try {
      const link = await dial();
      this.#links.add(link);
      return this.#lend(key, origin, link, false);
    } catch (error) {
      this.#leave(key, origin);
      throw error;
    }
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
    for (const { socket } of this.#links) socket.destroy();
    this.#links.clear();
    this.#origins.clear();
  }

  #origin(key: string): Origin {
    const known = this.#origins.get(key);
    if (known !== undefined) return known;
    const origin = new Origin();
    this.#origins.set(key, origin);
    return origin;
  }

  #wakeIdle(origin: Origin): Link | undefined {
    for (let idle = origin.idle.pop(); idle !== undefined; idle = origin.idle.pop()) {
      idle.wake();
      const ageMs = this.#options.clock.monotonicMs() - idle.sinceMs;
      if (ageMs < IDLE_MAX_MS && !idle.link.socket.destroyed) return idle.link;
      this.#destroy(idle.link);
    }
    return undefined;
  }

  #lend(key: string, origin: Origin, link: Link, isReused: boolean): Loan {
    let isOut = true;
    const end = (then: () => void): void => {
      if (!isOut) return;
      isOut = false;
      then();
      this.#leave(key, origin);
    };
    return {
      link,
      isReused,
      giveBack: () => end(() => this.#keep(key, origin, link)),
      drop: () => end(() => this.#destroy(link)),
    };
  }

  #keep(key: string, origin: Origin, link: Link): void {
    if (!this.#options.isKept || this.#isClosed || link.socket.destroyed) {
      this.#destroy(link);
      return;
    }
    const discard = (): void => {
      idle.wake();
      origin.idle.splice(origin.idle.indexOf(idle), 1);
      this.#destroy(link);
      this.#tidy(key, origin);
    };
    const idle: Idle = {
      link,
      sinceMs: this.#options.clock.monotonicMs(),
      wake: sleep(link, discard),
    };
    origin.idle.push(idle);
  }

  #destroy(link: Link): void {
    this.#links.delete(link);
    link.socket.destroy();
  }

  #leave(key: string, origin: Origin): void {
    origin.count -= 1;
    origin.waiting.shift()?.();
    this.#tidy(key, origin);
  }

  #tidy(key: string, origin: Origin): void {
    const isUnused = origin.count === 0 && origin.idle.length + origin.waiting.length === 0;
    if (isUnused && this.#origins.get(key) === origin) this.#origins.delete(key);
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

const ENDINGS = ["data", "end", "close", "error"] as const;

/** Lets an idle socket keep no process alive, and tells when it is of no use any more. */
function sleep({ socket }: Link, discard: () => void): () => void {
  for (const event of ENDINGS) socket.on(event, discard);
  socket.resume();
  socket.unref();
  return () => {
    for (const event of ENDINGS) socket.off(event, discard);
    socket.ref();
  };
}
