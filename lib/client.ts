import { noCredentials, type CredentialStore } from "./auth/bound.ts";
import { noHooks } from "./exchange/no-hooks.ts";
import { sendAgain } from "./exchange/reconnect.ts";
import { perform } from "./exchange/perform.ts";
import type { CookieStore, ExchangeOptions, HookChain, Ports } from "./exchange/ports.ts";
import type { Guard } from "./guard/decision.ts";
import { exactGuard } from "./guard/exact.ts";
import { openGuard } from "./guard/open.ts";
import { holdBody } from "./hooks/held-body.ts";
import type { PluginClientFactory } from "./hooks/plugin-http.ts";
import type { Draft } from "./http/draft.ts";
import type { Exchange } from "./http/exchange.ts";
import type { Runtime } from "./runtime/runtime.ts";
import type { TokenRequest } from "./secrets/source.ts";
import { MemoryJar } from "./session/jar.ts";
import { createTransport } from "./transport/transport.ts";
import type { DialOptions } from "./transport/wire.ts";

/** What a client is made of; what is left out is what raw mode has. */
export interface ClientOptions {
  readonly runtime: Pick<Runtime, "clock" | "network">;
  readonly dial: Omit<DialOptions, "judge">;
  readonly exchange: ExchangeOptions;
  readonly guard?: Guard | undefined;
  readonly hooks?: HookChain | undefined;
  readonly jar?: CookieStore | undefined;
  readonly credentials?: CredentialStore | undefined;
  readonly record?: Ports["record"] | undefined;
  readonly quota?: Ports["quota"] | undefined;
  readonly approve?: Ports["approve"] | undefined;
  readonly retry?: Ports["retry"];
  /** True: a connection that could not be made is tried once more, from resolution on. */
  readonly isReconnecting?: boolean | undefined;
}

/** Sends requests with its own cookies, credentials and connections, shared with no other client. */
export interface Client {
  /**
   * Sends one request along the line of `exchange/perform.ts`; `options` (limits one by one) and
   * `ports` win over the client's. Guard and connections are always the client's.
   */
  perform(
    draft: Draft,
    options?: Partial<ExchangeOptions>,
    ports?: Partial<Omit<Ports, "guard" | "send" | "clock">>,
  ): Promise<Exchange>;
  /** Closes its connections; a response still being read fails. */
  close(): void;
  [Symbol.dispose](): void;
}

const nothing = (): undefined => undefined;

/** Wires one client. The only way to send a request, for every mode. */
export function createClient(options: ClientOptions): Client {
  const { runtime, guard = openGuard } = options;
  const transport = createTransport({
    ...options.dial,
    runtime,
    judge: (target, addresses) => guard.judge(target, addresses),
    keepAlive: true,
  });
  const ports: Ports = {
    guard,
    hooks: options.hooks ?? noHooks,
    approve: options.approve ?? (() => Promise.resolve()),
    record: options.record ?? { intent: nothing, outcome: nothing },
    quota: options.quota ?? nothing,
    jar: options.jar ?? new MemoryJar(),
    credentials: options.credentials ?? noCredentials,
    send:
      options.isReconnecting === true ? sendAgain(transport.send, runtime.clock) : transport.send,
    retry: options.retry,
    clock: runtime.clock,
  };
  return {
    perform: (draft, more, own) => {
      const limits = { ...options.exchange.limits, ...more?.limits };
      return perform(draft, { ...ports, ...own }, { ...options.exchange, ...more, limits });
    },
    close: () => transport.close(),
    [Symbol.dispose]: () => transport.close(),
  };
}

/** Requests in a chain of redirects of a plugin's request; its guard stops one earlier. */
const PLUGIN_MAX_REQUESTS = 12;

/** What the clients of plugins' own requests share; hooks are those of `--plugin` around a script. */
export interface PluginClientOptions extends Pick<ClientOptions, "runtime" | "dial" | "hooks"> {
  /** Returns what the requests of a plugin are dressed with; undefined: nothing. */
  readonly credentialsOf?: ((plugin: string) => CredentialStore) | undefined;
}

/**
 * Returns what makes the clients of plugins' own requests.
 *
 * They dial as their caller does, and get nothing that is the caller's own: no client certificate, no
 * place that stands in for every host, and through a proxy only addresses that were judged.
 */
export function createPluginClients(options: PluginClientOptions): PluginClientFactory {
  const { runtime, dial, hooks, credentialsOf } = options;
  const own = { ...impersonalDial(dial), isTunnelled: true, isPinned: true };
  const exchange = { maxRequests: PLUGIN_MAX_REQUESTS, limits: {}, isDecoded: true };
  return (guard, plugin) => {
    const credentials = credentialsOf?.(plugin);
    const client = createClient({ runtime, dial: own, exchange, guard, hooks, credentials });
    return {
      perform: (draft, { signal, ...limits }) => client.perform(draft, { limits, signal }),
      close: () => client.close(),
    };
  };
}

/** Returns how `dial` connects, without what is the caller's own. */
function impersonalDial(dial: ClientOptions["dial"]): ClientOptions["dial"] {
  const { isVerified, authorities, minVersion, maxVersion } = dial.tls;
  const { family, localAddress, overrides, proxyFor, isTunnelled, isPinned } = dial;
  const tls = { isVerified, authorities, minVersion, maxVersion };
  return { family, localAddress, overrides, proxyFor, isTunnelled, isPinned, tls };
}

/** How tokens are asked for. */
export interface TokenClientOptions extends Pick<ClientOptions, "runtime" | "dial" | "record"> {
  /** Sent as User-Agent. */
  readonly userAgent: string;
}

/** Bytes of the answer to a token request. */
const TOKEN_BODY_CAP_BYTES = 1024 * 1024;
const TOKEN_TIMEOUT_MS = 30_000;

/**
 * Returns what sends the token requests of a keychain.
 *
 * Each goes to exactly its URL, without redirects, hooks, cookies or a client certificate, in 30
 * seconds at most. Its answer is read whole, up to 1 MiB, and its connection closed.
 */
export function createTokenClient(options: TokenClientOptions): TokenRequest {
  const { runtime, record, userAgent } = options;
  const dial = impersonalDial(options.dial);
  const limits = { totalTimeoutMs: TOKEN_TIMEOUT_MS, decodedCapBytes: TOKEN_BODY_CAP_BYTES };
  return async (draft) => {
    const guard = exactGuard(draft.url);
    const exchange = { limits, isDecoded: true };
    using client = createClient({ runtime, dial, exchange, guard, record });
    const defaults = [...draft.defaults, ["User-Agent", userAgent] as const];
    const answer = await client.perform({ ...draft, defaults });
    const held = holdBody(answer.body, TOKEN_BODY_CAP_BYTES);
    await held.read();
    return { ...answer, body: held.rest() };
  };
}
