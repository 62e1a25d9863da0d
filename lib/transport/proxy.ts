import type { Socket } from "node:net";
import { toWeirError, WeirError } from "../base/errors.ts";
import type { Target } from "../guard/decision.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { placeText } from "./errors.ts";
import { literalAddress } from "./host.ts";
import { type ProxyPlace, proxyError, unreachableProxy } from "./proxy-errors.ts";
import { requireAllowed, resolveHost } from "./resolve.ts";
import { openSocks } from "./socks.ts";
import { connectTcp } from "./tcp.ts";
import { Tls } from "./tls.ts";
import { openTunnel, type TunnelRequest } from "./tunnel.ts";
import type { Watch } from "./watch.ts";
import type { DialOptions, HostPort, Proxy } from "./wire.ts";

/** Addresses of a target that a proxy is asked for before its refusal counts. */
const DESTINATION_LIMIT = 3;

/** A socket with the place it leads to, before TLS. */
export interface Opened<S = Socket> {
  readonly socket: S;
  /** Address connected to: the server's, or the proxy's. */
  readonly address: string;
  readonly port: number;
  readonly dnsMs?: number | undefined;
  /** The proxy that has to be asked by absolute form, because there is no tunnel. */
  readonly absoluteFor?: Proxy | undefined;
}

/** What the proxy is asked for. */
type Plan =
  | { readonly kind: "absolute" }
  /** Connections to one of these, tried in order. */
  | { readonly kind: "tunnel"; readonly destinations: readonly HostPort[] };

/** Makes connections through proxies. */
export class ProxyDialer {
  readonly #options: DialOptions;
  readonly #runtime: Pick<Runtime, "clock" | "network">;
  readonly #tls: Tls;

  constructor(options: DialOptions, runtime: Pick<Runtime, "clock" | "network">) {
    this.#options = options;
    this.#runtime = runtime;
    const { isVerified, authorities } = options.tls;
    // The client certificate and the pins are meant for the origin.
    this.#tls = new Tls({ isVerified, authorities }, runtime.clock);
  }

  /**
   * Returns a connection to the target by way of the proxy; there is no other way.
   *
   * The target is resolved and judged before the proxy hears of it, unless the proxy resolves it.
   *
   * @throws {WeirError} NET_PROXY, NET_DNS, TIMEOUT_*, POLICY_RESOLVE or the guard's decision
   */
  async open(proxy: Proxy, target: Target, watch: Watch): Promise<Opened> {
    const plan = await this.#plan(proxy, target, watch);
    watch.phase = "proxy";
    if (plan.kind === "absolute") {
      return { ...(await this.#reach({ proxy, target }, proxy, watch)), absoluteFor: proxy };
    }
    let refusal: WeirError | undefined;
    for (const destination of plan.destinations.slice(0, DESTINATION_LIMIT)) {
      const opened = await this.#reach({ proxy, target }, proxy, watch);
      try {
        await this.#ask(opened.socket, { proxy, target, destination }, watch);
        return opened;
      } catch (error) {
        opened.socket.destroy();
        watch.check();
        refusal ??= toWeirError(error);
      }
    }
    throw refusal ?? proxyError({ proxy, target }, "was given no address to connect to");
  }

  async #plan(proxy: Proxy, target: Target, watch: Watch): Promise<Plan> {
    const { isPinned, isTunnelled, connectTo } = this.#options;
    const place = connectTo?.(target) ?? target;
    if (proxy.scheme === "socks5h" && isPinned === true) throw unpinnable(proxy, target);
    if (proxy.scheme === "socks5" || isPinned === true) {
      return { kind: "tunnel", destinations: await this.#judged(place, target, watch) };
    }
    const literal = literalAddress(place.host);
    if (literal !== undefined) {
      requireAllowed(this.#options.judge(target, [literal]), target);
    }
    const isPlain = target.scheme === "http" && isTunnelled !== true;
    if (isPlain && !isSocks(proxy)) return { kind: "absolute" };
    return { kind: "tunnel", destinations: [{ host: place.host, port: place.port }] };
  }

  async #judged(place: HostPort, target: Target, watch: Watch): Promise<readonly HostPort[]> {
    watch.phase = "dns";
    const resolver = { network: this.#runtime.network, options: this.#options };
    const addresses = await watch.race(resolveHost(resolver, place));
    requireAllowed(this.#options.judge(target, addresses), target);
    return addresses.map(({ address }) => ({ host: address, port: place.port }));
  }

  /** Asks the proxy, to which `socket` leads, for one destination. */
  async #ask(
    socket: Socket,
    request: TunnelRequest & { readonly target: Target },
    watch: Watch,
  ): Promise<void> {
    const { proxy, target } = request;
    const stop = watch.onFail(() => socket.destroy());
    try {
      if (isSocks(proxy)) {
        await watch.race(openSocks(socket, request));
        return;
      }
      const rest = await watch.race(openTunnel(socket, request));
      if (rest.byteLength === 0) return;
      if (target.scheme === "http") socket.unshift(rest);
      else throw proxyError(request, "sent data where the TLS handshake was due");
    } finally {
      stop();
    }
  }

  /** Connects to the proxy itself: its address is the operator's word and is not judged. */
  async #reach(place: ProxyPlace, proxy: Proxy, watch: Watch): Promise<Opened> {
    try {
      const opened = await this.#reachTcp(proxy, watch);
      if (proxy.scheme !== "https") return opened;
      const reopen = async (): Promise<Socket> => (await this.#reachTcp(proxy, watch)).socket;
      const target = { scheme: "https", host: proxy.host, port: proxy.port } as const;
      const stop = watch.onFail(() => opened.socket.destroy());
      try {
        const { socket } = await this.#tls.secure(opened.socket, { target, watch, reopen });
        return { ...opened, socket };
      } finally {
        stop();
      }
    } catch (error) {
      watch.check();
      if (error instanceof WeirError && error.code.startsWith("TLS_")) {
        throw proxyError(place, `cannot be trusted: ${error.message}`, { cause: error });
      }
      throw unreachableProxy(place, error);
    }
  }

  async #reachTcp(proxy: Proxy, watch: Watch): Promise<Opened> {
    const resolver = { network: this.#runtime.network, options: this.#options };
    const addresses = await watch.race(resolveHost(resolver, proxy));
    const { localAddress } = this.#options;
    const place = { addresses, port: proxy.port, localAddress };
    const { socket, address } = await connectTcp(place, this.#runtime, watch);
    return { socket, address: address.address, port: proxy.port };
  }
}

function isSocks({ scheme }: Proxy): boolean {
  return scheme === "socks5" || scheme === "socks5h";
}

function unpinnable(proxy: Proxy, target: Target): WeirError {
  const reason = `Proxy ${placeText(proxy)} resolves ${target.host} itself, so its address cannot be judged`;
  return new WeirError("POLICY_RESOLVE", reason, {
    hint: "Use socks5:// in place of socks5h://, or mark the proxy as trusted",
    details: { phase: "proxy", host: target.host, port: target.port },
  });
}
