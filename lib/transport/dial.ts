import type { Socket } from "node:net";
import type { Clock } from "../base/clock.ts";
import { WeirError } from "../base/errors.ts";
import type { Target } from "../guard/decision.ts";
import type { Connection, Timings } from "../http/exchange.ts";
import type { ByteSocket, NativeSocket, Runtime } from "../runtime/runtime.ts";
import type { Winner } from "./connect.ts";
import { connectError, unixError } from "./errors.ts";
import { literalAddress } from "./host.ts";
import { type Opened, ProxyDialer } from "./proxy.ts";
import { requireAllowed, resolveHost } from "./resolve.ts";
import { connectNative, connectTcp, connectUnix, type TcpPlace } from "./tcp.ts";
import { Tls } from "./tls.ts";
import type { Watch } from "./watch.ts";
import type { DialOptions, Proxy } from "./wire.ts";

/** What a dialler takes from the runtime. */
export type DialRuntime = Pick<Runtime, "network" | "clock">;

/** A connection that is ready for a request. */
export interface Link {
  /** A Socket of node:net, unless the dialer may make native ones. */
  readonly socket: ByteSocket;
  readonly connection: Omit<Connection, "isReused">;
  readonly timings: Timings;
  /** The proxy at its other end, when requests have to be in absolute form. */
  readonly absoluteFor?: Proxy | undefined;
}

/** connectTcp() or connectNative(). */
type Connect<S> = (place: TcpPlace, runtime: DialRuntime, watch: Watch) => Promise<Winner<S>>;

/** What a dialler does, and whether its links may stand on native sockets, which start sooner. */
export interface DialerOptions extends DialOptions {
  readonly mayBeNative?: boolean | undefined;
}

/** Makes connections: resolves, has every address judged, connects to a judged one, adds TLS. */
export class Dialer {
  readonly #options: DialerOptions;
  readonly #runtime: DialRuntime;
  readonly #tls: Tls;
  #proxies: ProxyDialer | undefined;

  constructor(options: DialerOptions, runtime: DialRuntime) {
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
      return await this.#dial(target, watch);
    } finally {
      watch.connected();
    }
  }

  async #dial(target: Target, watch: Watch): Promise<Link> {
    const stopwatch = startStopwatch(this.#runtime.clock);
    const { socket, address, port, dnsMs, absoluteFor } = await this.#open(target, watch);
    const timings = { dnsMs, connectMs: stopwatch() - (dnsMs ?? 0) };
    const connection = { address, port };
    if (target.scheme === "http") return { socket, connection, timings, absoluteFor };
    watch.phase = "tls";
    const stop = watch.onFail(() => socket.destroy());
    const startedMs = stopwatch();
    try {
      const reopen = async (): Promise<Socket> => (await this.#openNode(target, watch)).socket;
      const secured = await this.#tls.secure(socket, { target, watch, reopen });
      return {
        socket: secured.socket,
        connection: { ...connection, tlsVersion: secured.version },
        timings: { ...timings, tlsMs: stopwatch() - startedMs },
      };
    } finally {
      stop();
    }
  }

  #open(target: Target, watch: Watch): Promise<Opened<Socket | NativeSocket>> {
    return this.#mayBeNative(target)
      ? this.#openTcp(target, watch, connectNative)
      : this.#openNode(target, watch);
  }

  #mayBeNative(target: Target): boolean {
    const { mayBeNative, unixSocket, proxyFor } = this.#options;
    if (mayBeNative !== true || unixSocket !== undefined) return false;
    const isPlain = target.scheme === "http" || this.#tls.isPlain(target);
    return isPlain && proxyFor?.(target) === undefined;
  }

  #openNode(target: Target, watch: Watch): Promise<Opened> {
    const { unixSocket, proxyFor } = this.#options;
    if (unixSocket !== undefined) return this.#openUnix(unixSocket, target, watch);
    const proxy = proxyFor?.(target);
    if (proxy === undefined) return this.#openTcp(target, watch, connectTcp);
    this.#proxies ??= new ProxyDialer(this.#options, this.#runtime);
    return this.#proxies.open(proxy, target, watch);
  }

  async #openTcp<S>(target: Target, watch: Watch, connect: Connect<S>): Promise<Opened<S>> {
    const stopwatch = startStopwatch(this.#runtime.clock);
    const { judge, localAddress, connectTo } = this.#options;
    const place = connectTo?.(target) ?? target;
    watch.phase = "dns";
    const resolver = { network: this.#runtime.network, options: this.#options };
    const addresses = await watch.race(resolveHost(resolver, place));
    requireAllowed(judge(target, addresses), target);
    const dnsMs = literalAddress(place.host) === undefined ? stopwatch() : undefined;
    watch.phase = "connect";
    try {
      const tcp = { addresses, port: place.port, localAddress };
      const { socket, address } = await connect(tcp, this.#runtime, watch);
      return { socket, address: address.address, port: place.port, dnsMs };
    } catch (error) {
      if (error instanceof WeirError) throw error;
      throw connectError(error, target, { addresses: addresses.map((one) => one.address) });
    }
  }

  async #openUnix(path: string, target: Target, watch: Watch): Promise<Opened> {
    // There is no address to judge: a guard that wants one refuses the empty list.
    requireAllowed(this.#options.judge(target, []), target);
    watch.phase = "connect";
    try {
      const socket = await connectUnix(path, this.#runtime, watch);
      return { socket, address: path, port: target.port };
    } catch (error) {
      throw error instanceof WeirError ? error : unixError(error, target, path);
    }
  }
}

function startStopwatch(clock: Clock): () => number {
  const startedMs = clock.monotonicMs();
  return () => clock.monotonicMs() - startedMs;
}
