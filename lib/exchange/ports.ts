import type { CredentialStore } from "../auth/bound.ts";
import type { WeirError } from "../base/errors.ts";
import type { Clock } from "../base/clock.ts";
import type { Decision, Guard, HopRequest } from "../guard/decision.ts";
import type { Draft } from "../http/draft.ts";
import type { Exchange, Hop, ResponseHead } from "../http/exchange.ts";
import type { Send, WireLimits } from "../transport/wire.ts";

// What a port has to wait for is a promise; undefined costs a request no turn of the event loop.

/** Cookies of one client. */
export interface CookieStore {
  /** Returns the Cookie header for a request to `url`, undefined when none applies. */
  cookiesFor(url: URL): Promise<string | undefined> | undefined;
  /** Takes the Set-Cookie lines of a response from `url`. */
  remember(url: URL, head: ResponseHead): Promise<void> | undefined;
}

/** Code that runs before and after an exchange; what is left out is not asked. */
export interface HookChain {
  /** Returns the draft to send: a changed copy, or the same one; or an answer in place of sending. */
  beforeRequest?(draft: Draft): Promise<Draft | { readonly answered: Exchange }>;
  /** Returns the exchange to hand on: a changed copy, or the same one. */
  afterResponse?(exchange: Exchange): Promise<Exchange>;
  /** Returns the draft of one attempt, from 1: a changed copy, or the same one. */
  beforeAttempt?(draft: Draft, attempt: number): Promise<Draft>;
  /** Looks at what an attempt came to. */
  afterAttempt?(draft: Draft, attempt: number, outcome: Exchange | WeirError): Promise<void>;
  /**
   * Looks at a wait that is to come: returns how long it is to be instead, "veto" when the request is
   * not to be sent again, undefined to leave it as it is.
   */
  beforeRetry?(
    draft: Draft,
    plan: RetryPlan,
  ): Promise<{ readonly delayMs: number } | "veto" | undefined>;
  /** Returns an answer in place of the failure of the last attempt, undefined to let it fail. */
  onError?(draft: Draft, error: WeirError, attempt: number): Promise<Exchange | undefined>;
}

/** A wait that is to come, as hooks see it. */
export interface RetryPlan {
  /** Attempts made so far, from 1. */
  readonly attempt: number;
  readonly delayMs: number;
  /** Why it is sent again, for a person. */
  readonly reason: string;
  readonly outcome: Exchange | WeirError;
}

/** What an attempt came to. */
export interface Made {
  /** Attempts made so far, from 1. */
  readonly attempt: number;
  readonly draft: Draft;
  /**
   * The body of an exchange may be read here from its start, more than once, or not at all: whoever
   * gets the exchange afterwards reads all of it. What is read here is held in memory until then, so
   * a reader stops at a cap of its own.
   */
  readonly result: Exchange | WeirError;
  /** Since the first attempt began, waits included. */
  readonly elapsedMs: number;
}

/** A wait before the next attempt. */
export interface RetryWait {
  readonly waitMs: number;
  /** Why, for a person: the status, or what failed. */
  readonly reason: string;
}

/** Decides whether a request is sent again. */
export interface Retry {
  /**
   * Returns how long to wait before the next attempt, undefined when this was the last one.
   *
   * Asked after each attempt; not about one that was cancelled, nor when the request has a body that
   * can be read only once.
   */
  next(made: Made): Promise<RetryWait | undefined>;
  /** Told of the wait as it will be: plugins have had their say. */
  waiting?(made: Made, wait: RetryWait): void | Promise<void>;
}

/** Writes what is asked and what became of it; a throw refuses the request. */
export interface Recorder {
  /** Called for each hop before it is sent, also when it is denied. */
  intent(request: HopRequest, decision: Decision): Promise<void> | undefined;
  /** Called for each hop that was sent. */
  outcome(request: HopRequest, result: Hop | WeirError): Promise<void> | undefined;
}

/** Everything that differs between the modes. */
export interface Ports {
  readonly guard: Guard;
  readonly hooks: HookChain;
  /** Returns when somebody approved the hop as it stands; throws POLICY_APPROVAL else. */
  readonly approve: (request: HopRequest, decision: Decision) => Promise<void>;
  readonly record: Recorder;
  /** Takes one request from the quota; throws POLICY_QUOTA when nothing is left. */
  readonly quota: (request: HopRequest) => Promise<void> | undefined;
  readonly jar: CookieStore;
  readonly credentials: CredentialStore;
  readonly send: Send;
  /** Left out: a request is sent once. */
  readonly retry?: Retry | undefined;
  readonly clock: Clock;
}

/** How one exchange is made. */
export interface ExchangeOptions {
  /** Requests sent at most, the first one included; undefined: redirects are not followed. */
  readonly maxRequests?: number | undefined;
  /** Names of headers that carry a credential, beside the well-known ones; never sent cross-origin. */
  readonly credentialHeaders?: readonly string[] | undefined;
  /** `totalTimeoutMs` bounds each attempt, all its hops and the last body included; no wait counts. */
  readonly limits: WireLimits;
  readonly isDecoded: boolean;
  /** Ends a request that runs, and a wait between two. */
  readonly signal?: AbortSignal | undefined;
  /** Ends a wait between two, and no request that runs. */
  readonly waitSignal?: AbortSignal | undefined;
  readonly onUpload?: ((sentBytes: number) => void) | undefined;
}
