import type { Socket } from "node:net";
import type { Clock } from "../base/clock.ts";
import type { Target } from "../guard/decision.ts";
import type { Connection, Timings } from "../http/exchange.ts";
import type { Address, Runtime } from "../runtime/runtime.ts";
import { connectFirst, type Opening } from "./connect.ts";
import { connectError } from "./errors.ts";
import { requireAllowed, resolveHost } from "./resolve.ts";
import { Tls } from "./tls.ts";
import type { Watch } from "./watch.ts";
import type { DialOptions } from "./wire.ts";

/** What a dialler takes from the runtime. */
export type DialRuntime = Pick<Runtime, "network" | "clock">;

/** A connection that is ready for a request. */
export interface Link {
  readonly socket: Socket;
  readonly connection: Omit<Connection, "isReused">;
  readonly timings: Timings;
}

/** A socket with the place it leads to, before TLS. */
interface Opened {
  readonly socket: Socket;
  readonly address: string;
  readonly port: number;
  readonly dnsMs?: number | undefined;
}

/** Makes connections: resolves, has every address judged, connects to a judged one, adds TLS. */
export class Dialer {
  readonly #options: DialOptions;
  readonly #runtime: DialRuntime;
  readonly #tls: Tls;

  constructor(options: DialOptions, runtime: DialRuntime) {
    this.#options = options;
    this.#runtime = runtime;
    this.#tls = new Tls(options.tls, runtime.clock);
  }

  /**
   * Returns a new connection to the target, under the connect timer of `watch`.
   *
   * @throws {WeirError} NET_*, TLS_*, TIMEOUT_*, or the code of the guard's decision
   */
  async dial(target: Target, watch: Watch): Promise<Link> {
    watch.startConnecting();
    try {
      const link = await this.#dial(target, watch);
      // Whoever uses the link listens too; between two users an error must not end the process.
      link.socket.on("error", () => undefined);
      return link;
    } finally {
      watch.connected();
    }
  }

  async #dial(target: Target, watch: Watch): Promise<Link> {
    const stopwatch = startStopwatch(this.#runtime.clock);
    const opened = await this.#open(target, watch);
    const { socket, address, port, dnsMs } = opened;
    const connectMs = stopwatch() - (dnsMs ?? 0);
    const timings = { dnsMs, connectMs };
    if (target.scheme === "http") return { socket, connection: { address, port }, timings };
    watch.phase = "tls";
    const stop = watch.onFail(() => socket.destroy());
    const startedMs = stopwatch();
    try {
      const reopen = async (): Promise<Socket> => (await this.#open(target, watch)).socket;
      const tls = await this.#tls.secure(socket, { target, watch, reopen });
      return {
        socket: tls,
        connection: { address, port, tlsVersion: tls.getProtocol() ?? undefined },
        timings: { ...timings, tlsMs: stopwatch() - startedMs },
      };
    } finally {
      stop();
    }
  }

  #open(target: Target, watch: Watch): Promise<Opened> {
    const { unixSocket } = this.#options;
    return unixSocket === undefined
      ? this.#openTcp(target, watch)
      : this.#openUnix(unixSocket, target, watch);
  }

  async #openTcp(target: Target, watch: Watch): Promise<Opened> {
    const { clock, network } = this.#runtime;
    const stopwatch = startStopwatch(clock);
    const place = this.#options.connectTo?.(target) ?? target;
    watch.phase = "dns";
    const resolver = { network, options: this.#options };
    const addresses = await watch.race(resolveHost(resolver, place));
    requireAllowed(this.#options.judge(target, addresses), target);
    const dnsMs = stopwatch();
    watch.phase = "connect";
    const { socket, address } = await this.#connectTo(addresses, place.port, target, watch);
    return { socket, address: address.address, port: place.port, dnsMs };
  }

  async #connectTo(
    addresses: readonly Address[],
    port: number,
    target: Target,
    watch: Watch,
  ): Promise<{ readonly socket: Socket; readonly address: Address }> {
    const { clock, network } = this.#runtime;
    const { localAddress } = this.#options;
    const opening = connectFirst({
      addresses,
      clock,
      open: ({ address }) => openSocket(network.connect({ address, port, localAddress })),
    });
    const stop = watch.onFail(() => opening.cancel());
    try {
      return await watch.race(opening.result, (late) => late.socket.destroy());
    } catch (error) {
      watch.check();
      throw connectError(error, target, { addresses: addresses.map((one) => one.address) });
    } finally {
      stop();
    }
  }

  async #openUnix(path: string, target: Target, watch: Watch): Promise<Opened> {
    // There is no address to judge: a guard that wants one refuses the empty list.
    requireAllowed(this.#options.judge(target, []), target);
    watch.phase = "connect";
    const opening = openSocket(this.#runtime.network.connectUnix(path));
    const stop = watch.onFail(() => opening.cancel());
    try {
      const socket = await watch.race(opening.result, (late) => late.destroy());
      return { socket, address: path, port: target.port };
    } catch (error) {
      watch.check();
      throw connectError(error, target, { path });
    } finally {
      stop();
    }
  }
}

/** Waits for a socket to connect. */
function openSocket(socket: Socket): Opening<Socket> {
  const result = new Promise<Socket>((resolve, reject) => {
    socket.on("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      resolve(socket);
    });
  });
  return { result, cancel: () => void socket.destroy() };
}

function startStopwatch(clock: Clock): () => number {
  const startedMs = clock.monotonicMs();
  return () => clock.monotonicMs() - startedMs;
}
