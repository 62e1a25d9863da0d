import type { KyInstance, Options } from "ky";
import { toWeirError, WeirError, withDetails } from "../base/errors.ts";
import { hasResponseParser } from "../runtime/http-parser.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { checkRequest } from "./check.ts";
import { decodeBody } from "./decode.ts";
import type { Engine } from "./engine.ts";
import { targetOf } from "./host.ts";
import { Watch } from "./watch.ts";
import type { DialOptions, Transport, WireRequest, WireResponse } from "./wire.ts";

// This room puts one request on the wire and reads one answer. It resolves, has the guard judge
// every address, connects, proxies, does TLS, frames, times and caps. It does not follow redirects,
// retry, keep cookies or know credentials: that is the room `exchange`, which calls it.
//
//   send ─ check ─ engine ─ pool ─ dial (resolve, judge, connect, proxy, TLS)
//                    └─ pump (body out), intake (body in) ─ decode ─► WireResponse
//
// The node engine has ky in front of it, one call a request. The direct engine has not: for each call
// ky makes a Request, Headers and an AbortController that nobody here looks at, which is a quarter of
// the time of 10,000 requests (test/bench/pipeline.ts).

/** Connections to one origin at a time. */
const MAX_SOCKETS = 256;

/** What the transport of one client is made from. */
export interface TransportOptions extends DialOptions {
  readonly runtime: Pick<Runtime, "network" | "clock">;
  /** True: connections are kept for the next request to the same origin. */
  readonly keepAlive: boolean;
  /** Connections to one origin at a time, 256 when not given; more requests wait their turn. */
  readonly maxSockets?: number | undefined;
  /** Which engine sends, a seam for tests; the fastest that the runtime can run when not given. */
  readonly engine?: "node" | "direct" | undefined;
}

/** Returns a transport with connections of its own. */
export function createTransport(options: TransportOptions): Transport {
  const transport = new EngineTransport(options);
  return { send: (request) => transport.send(request), close: () => transport.close() };
}

class EngineTransport {
  readonly #options: TransportOptions;
  readonly #running = new Set<Watch>();
  readonly #kind: "node" | "direct";
  #front: KyInstance | undefined;
  #engine: Engine | undefined;
  #loading: Promise<Engine> | undefined;
  #isClosed = false;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#kind = options.engine ?? (hasResponseParser() ? "direct" : "node");
  }

  async send(request: WireRequest): Promise<WireResponse> {
    checkRequest(request);
    if (this.#isClosed) throw closed();
    return this.#kind === "direct" ? await this.#exchange(request) : await this.#throughKy(request);
  }

  async #throughKy(request: WireRequest): Promise<WireResponse> {
    this.#front ??= (await import("ky")).default.create({
      fetch: (_input, init) => this.#fetch(init),
      retry: 0,
      timeout: false,
      throwHttpErrors: false,
      redirect: "manual",
    });
    const options: Options & { readonly weir: WireRequest } = { weir: request };
    const response: unknown = await this.#front(request.url, options);
    // ky hands back what #fetch returned when it is no Response, and that is a WireResponse.
    return response as WireResponse;
  }

  close(): void {
    this.#isClosed = true;
    for (const watch of this.#running) watch.fail(closed());
    // Nothing is lost when the engine could not be loaded: whoever sent a request was told.
    this.#loading?.then((engine) => engine.close()).catch(() => undefined);
  }

  #fetch(init: RequestInit | undefined): Promise<Response> {
    // #throughKy alone calls ky, and it puts the request into this key.
    const { weir } = init as { readonly weir: WireRequest };
    const response: Promise<unknown> = this.#exchange(weir);
    // ky asks for a Response in its types only.
    return response as Promise<Response>;
  }

  async #exchange(request: WireRequest): Promise<WireResponse> {
    const { runtime } = this.#options;
    const { limits, signal, url } = request;
    const target = targetOf(url);
    const watch = new Watch({
      clock: runtime.clock,
      target,
      limits,
      signal,
      onClose: (over) => this.#running.delete(over),
    });
    this.#running.add(watch);
    try {
      watch.check();
      const engine = this.#engine ?? (await this.#load());
      const raw = await engine.send(request, watch);
      const body = decodeBody(raw, request);
      return body === raw.body ? raw : { ...raw, body };
    } catch (error) {
      watch.close();
      // What its caller ended it with stays what it is.
      if (error === signal?.reason) throw error;
      throw withDetails(toWeirError(error), { arrival: watch.arrival });
    }
  }

  async #load(): Promise<Engine> {
    this.#loading ??= this.#loadEngine();
    this.#engine = await this.#loading;
    return this.#engine;
  }

  async #loadEngine(): Promise<Engine> {
    const engine = this.#kind;
    const [create, { Pool }, { Dialer }] = await Promise.all([
      engine === "direct" ? loadDirect() : loadNode(),
      import("./pool.ts"),
      import("./dial.ts"),
    ]);
    const { runtime, keepAlive, maxSockets } = this.#options;
    const { clock } = runtime;
    const mayBeNative = engine === "direct";
    const dialer = new Dialer({ ...this.#options, mayBeNative }, runtime);
    const pool = new Pool({ isKept: keepAlive, maxSockets: maxSockets ?? MAX_SOCKETS, clock });
    return create({ pool, clock, dial: (target, watch) => dialer.dial(target, watch) });
  }
}

async function loadDirect() {
  return (await import("./direct-engine.ts")).createDirectEngine;
}

async function loadNode() {
  return (await import("./node-engine.ts")).createNodeEngine;
}

function closed(): WeirError {
  return new WeirError("CANCELLED", "The client was closed while the request was running");
}
