import { noCredentials, type CredentialStore, withAuthorization } from "./auth/bound.ts";
import { noHooks } from "./exchange/no-hooks.ts";
import { sendAgain } from "./exchange/reconnect.ts";
import { perform } from "./exchange/perform.ts";
import type { CookieStore, ExchangeOptions, HookChain, Ports, Recorder } from "./exchange/ports.ts";
import { bothGuards } from "./guard/both.ts";
import type { Guard } from "./guard/decision.ts";
import { exactGuard } from "./guard/exact.ts";
import { openGuard } from "./guard/open.ts";
import { holdBody } from "./hooks/held-body.ts";
import type { PluginClientFactory } from "./hooks/plugin-http.ts";
import type { Draft } from "./http/draft.ts";
import type { Exchange, HopRequest, ResponseBody } from "./http/exchange.ts";
import type { Runtime } from "./runtime/runtime.ts";
import type { TokenRequest } from "./secrets/source.ts";
import { MemoryJar } from "./session/jar.ts";
import { createTransport } from "./transport/transport.ts";
import type { DialOptions, Send } from "./transport/wire.ts";

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
  /** Takes the decoded bytes of each body as they are read; what it throws ends the body. */
  readonly received?: ((bytes: number) => void) | undefined;
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
    send: counting(
      options.isReconnecting === true ? sendAgain(transport.send, runtime.clock) : transport.send,
      options.received,
    ),
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

/** Returns a `send` that tells of the bytes of its bodies. */
function counting(send: Send, received: ClientOptions["received"]): Send {
  if (received === undefined) return send;
  return async (request) => {
    const response = await send(request);
    const { body } = response;
    const chunks = {
      [Symbol.asyncIterator]: () => countedChunks(body, received),
      takeWhole: () => {
        const whole = body.chunks.takeWhole?.();
        if (whole !== undefined) received(whole.byteLength);
        return whole;
      },
    };
    return { ...response, body: { ...body, chunks } };
  };
}

async function* countedChunks(
  body: ResponseBody,
  received: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of body.chunks) {
      received(chunk.byteLength);
      yield chunk;
    }
  } catch (error) {
    body.cancel();
    throw error;
  }
}

/** Requests in a chain of redirects of a plugin's request; its guard stops one earlier. */
const PLUGIN_MAX_REQUESTS = 12;

/** What watches over the requests of plugins beside their own guard. */
export interface RequestWatch {
  /** Judges them too: what a plugin was given does not widen what its caller may reach. */
  readonly guard?: Guard | undefined;
  /** Resolves when a request may be sent, undefined when nothing holds it up. */
  quota(request: HopRequest, signal?: AbortSignal): Promise<void> | undefined;
  readonly record: Recorder;
  /** See `ClientOptions.received`. */
  readonly received: (bytes: number) => void;
  /** Returns a store that is told of requests that cannot be dressed. */
  around(store: CredentialStore): CredentialStore;
}

/** What the clients of plugins' own requests share; hooks are those of `--plugin` around a script. */
export interface PluginClientOptions extends Pick<ClientOptions, "runtime" | "dial" | "hooks"> {
  readonly watch?: RequestWatch | undefined;
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
  const { runtime, dial, hooks, credentialsOf, watch } = options;
  const shared = {
    runtime,
    dial: { ...impersonalDial(dial), isTunnelled: true, isPinned: true },
    exchange: { maxRequests: PLUGIN_MAX_REQUESTS, limits: {}, isDecoded: true },
    hooks,
    record: watch?.record,
    received: watch?.received,
  };
  return (granted, plugin) => {
    const own = credentialsOf?.(plugin) ?? noCredentials;
    const credentials = watch?.around(own) ?? own;
    const guard = watch?.guard === undefined ? granted : bothGuards(granted, watch.guard);
    const client = createClient({ ...shared, guard, credentials });
    return {
      async perform(draft, { signal, authorization, ports, ...limits }) {
        const dressed =
          authorization === undefined
            ? {}
            : { credentials: withAuthorization(credentials, authorization, draft.url.origin) };
        const watched =
          watch === undefined
            ? {}
            : { quota: (request: HopRequest) => watch.quota(request, signal) };
        return await client.perform(
          draft,
          { limits, signal },
          { ...dressed, ...watched, ...ports },
        );
      },
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
  /** Has to allow the URL too. */
  readonly guard?: Guard | undefined;
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
  const { runtime, record, userAgent, guard: around } = options;
  const dial = impersonalDial(options.dial);
  const limits = { totalTimeoutMs: TOKEN_TIMEOUT_MS, decodedCapBytes: TOKEN_BODY_CAP_BYTES };
  return async (draft) => {
    const exact = exactGuard(draft.url);
    const guard = around === undefined ? exact : bothGuards(exact, around);
    const exchange = { limits, isDecoded: true };
    using client = createClient({ runtime, dial, exchange, guard, record });
    const defaults = [...draft.defaults, ["User-Agent", userAgent] as const];
    const answer = await client.perform({ ...draft, defaults });
    const held = holdBody(answer.body, TOKEN_BODY_CAP_BYTES);
    await held.read();
    return { ...answer, body: held.rest() };
  };
}
