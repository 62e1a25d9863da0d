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

/** Code that runs before and after an exchange; what is left out is not asked. */
export interface HookChain {
  /** Returns the draft to send: a changed copy, or the same one; or an answer in place of sending. */
  beforeRequest(draft: Draft): Promise<Draft | { readonly answered: Exchange }>;
  /** Returns the exchange to hand on: a changed copy, or the same one. */
  afterResponse(exchange: Exchange): Promise<Exchange>;
  /** Returns the draft of one attempt, from 1: a changed copy, or the same one. */
  beforeAttempt?(draft: Draft, attempt: number): Promise<Draft>;
  /** Looks at what an attempt came to. */
  afterAttempt?(draft: Draft, attempt: number, outcome: Exchange | WeirError): Promise<void>;
  /** Returns an answer in place of a failure, undefined to let it fail. */
  onError?(draft: Draft, error: WeirError): Promise<Exchange | undefined>;
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
