import type { CredentialStore } from "../auth/bound.ts";
import type { WeirError } from "../base/errors.ts";
import type { Clock } from "../base/clock.ts";
import type { Decision, Guard, HopRequest } from "../guard/decision.ts";
import type { Draft } from "../http/draft.ts";
import type { Exchange, Hop, ResponseHead } from "../http/exchange.ts";
import type { Send, WireLimits } from "../transport/wire.ts";

/** Cookies of one client. */
export interface CookieStore {
  /** Returns the Cookie header for a request to `url`, undefined when none applies. */
  cookiesFor(url: URL): Promise<string | undefined>;
  /** Takes the Set-Cookie lines of a response from `url`. */
  remember(url: URL, head: ResponseHead): Promise<void>;
}

/** Code that runs before and after an exchange. */
export interface HookChain {
  /** Returns the draft to send: a changed copy, or the same one. */
  beforeRequest(draft: Draft): Promise<Draft>;
  /** Returns the exchange to hand on: a changed copy, or the same one. */
  afterResponse(exchange: Exchange): Promise<Exchange>;
}

/** Writes what is asked and what became of it; a throw refuses the request. */
export interface Recorder {
  /** Called for each hop before it is sent, also when it is denied. */
  intent(request: HopRequest, decision: Decision): Promise<void>;
  /** Called for each hop that was sent. */
  outcome(request: HopRequest, result: Hop | WeirError): Promise<void>;
}

/** Everything that differs between the modes. */
export interface Ports {
  readonly guard: Guard;
  readonly hooks: HookChain;
  /** Returns when somebody approved the hop as it stands; throws POLICY_APPROVAL else. */
  readonly approve: (request: HopRequest, decision: Decision) => Promise<void>;
  readonly record: Recorder;
  /** Takes one request from the quota; throws POLICY_QUOTA when nothing is left. */
  readonly quota: (request: HopRequest) => Promise<void>;
  readonly jar: CookieStore;
  readonly credentials: CredentialStore;
  readonly send: Send;
  readonly clock: Clock;
}

/** How one exchange is made. */
export interface ExchangeOptions {
  /** Requests sent at most, the first one included; undefined: redirects are not followed. */
  readonly maxRequests?: number | undefined;
  /** Names of headers that carry a credential, beside the well-known ones; never sent cross-origin. */
  readonly credentialHeaders?: readonly string[] | undefined;
  /** `totalTimeoutMs` bounds the whole exchange, all hops and the last body included. */
  readonly limits: WireLimits;
  readonly isDecoded: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onUpload?: ((sentBytes: number) => void) | undefined;
}
