import type { CredentialStore, Dressing } from "../../../auth/bound.ts";
import { toWeirError, WeirError } from "../../../base/errors.ts";
import { pause } from "../../../base/pause.ts";
import { maskUrl } from "../../../base/sensitive.ts";
import type { Made, Retry, RetryWait } from "../../../exchange/ports.ts";
import { maySendAgain } from "../../../exchange/resend.ts";
import type { Draft } from "../../../http/draft.ts";
import type { Exchange, HopRequest } from "../../../http/exchange.ts";
import type { Where } from "../../events.ts";
import type { Outcome } from "../../outcome.ts";
import { stopped } from "../../stopped.ts";
import type { AttemptFacts, TaskContext } from "../kind.ts";
import { isThrownOn } from "../outcome-error.ts";
import { type AttemptMeta, changedMethod, outcomeOfFailure } from "./outcome.ts";
import type { HttpSettings } from "./settings.ts";

/** One request of a task: the only one, or that of a page. */
export interface Sending {
  readonly draft: Draft;
  readonly settings: HttpSettings;
  readonly credentials: CredentialStore;
  readonly credentialHeaders: readonly string[];
  /** True: the server can tell that it was sent before. */
  readonly hasKey: boolean;
  readonly key: string | undefined;
  readonly at: Where & { readonly task: string };
  /** True: the body of this response goes to the store, which takes it once. */
  readonly isStored: (exchange: Exchange) => boolean;
  /** Reads the body of a response and returns what the task makes of it. */
  readonly read: (exchange: Exchange, meta: AttemptMeta) => Promise<ReadOutcome>;
}

/** An outcome, and what is odd about its response. */
export interface ReadOutcome {
  readonly outcome: Outcome;
  readonly notes: readonly string[];
}

/** What the last attempt of a request came to; without a response there is no exchange. */
export interface Sent {
  readonly outcome: Outcome;
  readonly exchange: Exchange | undefined;
}

/**
 * Sends a request as often as the policy of its task wants, and returns what the last attempt came to.
 *
 * Hooks around the request run once around all attempts. Only when a body that was being stored makes
 * the policy want another attempt do they run again: it was handed on by then.
 *
 * @throws {WeirError} CANCELLED, INTERNAL, TEMPLATE_*
 */
export async function sendWithPolicy(sending: Sending, context: TaskContext): Promise<Sent> {
  const series = new Series(sending, context);
  for (;;) {
    const sent = await series.send();
    const wait = await series.askAboutStored(sent);
    if (wait === undefined) return sent;
    await series.pause(wait);
  }
}

/** What was judged after an attempt. */
interface Judged extends Sent {
  readonly notes: readonly string[];
  readonly result: Exchange | WeirError;
}

/** The attempts of one request. */
class Series {
  readonly #sending: Sending;
  readonly #context: TaskContext;
  readonly #startedMs: number;
  readonly #shownUrl: string;
  #attempt = 0;
  #attemptMs: number;
  /** Number of the journal's row about the attempt under way. */
  #intent: number | undefined;
  #isWaiting = false;
  #judged: Judged | undefined;

  constructor(sending: Sending, context: TaskContext) {
    this.#sending = sending;
    this.#context = context;
    const { ports } = context;
    this.#startedMs = ports.clock.monotonicMs();
    this.#shownUrl = shortened(ports.redact(maskUrl(sending.draft.url)));
    this.#attemptMs = this.#startedMs;
  }

  async send(): Promise<Sent> {
    const { ports, signal } = this.#context;
    if (signal.aborted) throw stopped(signal);
    if (ports.signal.aborted) throw stopped(ports.signal);
    const { draft, settings, credentialHeaders } = this.#sending;
    const { limits, maxRequests, isVerified } = settings;
    const options = {
      limits,
      maxRequests,
      credentialHeaders,
      isDecoded: true,
      signal: ports.signal,
      // Then nothing new is sent, but what was sent is not given up.
      waitSignal: signal,
    };
    this.#judged = undefined;
    this.#attempt += 1;
    const own = {
      retry: this.#retry(this.#attempt - 1),
      credentials: this.#credentials(),
      // What waits for its turn is not sent yet.
      quota: (request: HopRequest) => ports.rates.before(request, signal),
    };
    let exchange: Exchange;
    try {
      const client = ports.client({ isVerified });
      exchange = await client.perform(draft, options, own);
    } catch (error) {
      return await this.#fail(toWeirError(error));
    }
    return await this.#finish(exchange);
  }

  /** Asks the policy about a response that went to the store; others were asked about before. */
  async askAboutStored({ outcome, exchange }: Sent): Promise<RetryWait | undefined> {
    if (exchange === undefined || !this.#sending.isStored(exchange)) return undefined;
    return await this.#context.again(outcome, this.#facts(this.#sending.draft, exchange));
  }

  async pause(wait: RetryWait): Promise<void> {
    this.#announce(wait);
    const { ports, signal } = this.#context;
    const either = AbortSignal.any([ports.signal, signal]);
    await pause(wait.waitMs, ports.clock, either, stopped);
    this.#isWaiting = false;
  }

  /** @param before attempts that were made before this round of them */
  #retry(before: number): Retry {
    return {
      next: async (made) => {
        this.#attempt = before + made.attempt;
        const { result, draft } = made;
        if (!(result instanceof WeirError) && this.#sending.isStored(result)) return undefined;
        const judged = await this.#judge(result);
        this.#judged = judged;
        if (this.#context.signal.aborted) return undefined;
        return await this.#context.again(judged.outcome, this.#facts(draft, result));
      },
      waiting: (_, wait) => this.#announce(wait),
    };
  }

  #facts({ method }: Made["draft"], result: Exchange | WeirError): AttemptFacts {
    const { hasKey: hasIdempotencyKey } = this.#sending;
    return {
      attempt: this.#attempt,
      elapsedMs: this.#context.ports.clock.monotonicMs() - this.#startedMs,
      maySendAgain: (isExplicit, isUnsafeAllowed) =>
        maySendAgain({ method, hasIdempotencyKey, isExplicit, isUnsafeAllowed }, result),
    };
  }

  async #judge(result: Exchange | WeirError): Promise<Judged> {
    const meta = this.#meta();
    if (result instanceof WeirError) {
      const outcome = outcomeOfFailure(result, meta, this.#context.ports);
      await this.#complete(outcome);
      return { outcome, notes: [], result, exchange: undefined };
    }
    const read = await this.#sending.read(result, meta);
    await this.#complete(read.outcome);
    return { ...read, result, exchange: result };
  }

  async #fail(error: WeirError): Promise<Sent> {
    const { ports } = this.#context;
    if (isThrownOn(error)) {
      await this.#complete(outcomeOfFailure(error, this.#meta(), ports));
      throw error;
    }
    const before = this.#judged;
    return before?.result === error ? before : await this.#judge(error);
  }

  async #finish(exchange: Exchange): Promise<Sent> {
    const { ports } = this.#context;
    const before = this.#judged;
    const isSame =
      ports.hooks === undefined &&
      before?.exchange !== undefined &&
      before.exchange.response === exchange.response;
    try {
      const judged = isSame ? before : await this.#judge(exchange);
      this.#warn(exchange, judged.notes);
      return { outcome: judged.outcome, exchange };
    } finally {
      exchange.body.cancel();
    }
  }

  #warn(exchange: Exchange, notes: readonly string[]): void {
    const { ports } = this.#context;
    const method = changedMethod(exchange);
    if (method !== undefined) {
      const message = `A redirect turned the ${exchange.draft.method} into a ${method}, as browsers do`;
      ports.emit({ event: "warning", ...this.#sending.at, message });
    }
    for (const message of notes) {
      ports.emit({ event: "warning", ...this.#sending.at, message });
    }
  }

  #meta(): AttemptMeta {
    const { draft } = this.#sending;
    return {
      attempt: this.#attempt,
      startedMs: this.#startedMs,
      attemptStartedMs: this.#attemptMs,
      method: draft.method,
      url: this.#shownUrl,
    };
  }

  #announce({ waitMs, reason }: RetryWait): void {
    this.#isWaiting = true;
    const { ports } = this.#context;
    const at = { ...this.#sending.at, attempt: this.#attempt };
    ports.emit({ event: "retry", ...at, wait_ms: waitMs, reason: ports.redact(reason) });
  }

  /** Asks for what a hop is dressed with; for the first one this is the last moment before it is sent. */
  #credentials(): CredentialStore {
    const { credentials } = this.#sending;
    return {
      dress: (request) => this.#dress(request),
      answer: (request, challenge) => credentials.answer(request, challenge),
    };
  }

  async #dress(request: HopRequest): Promise<Dressing> {
    try {
      const dressing = this.#sending.credentials.dress(request);
      const dressed = dressing instanceof Promise ? await dressing : dressing;
      const begun = request.hop === 0 ? this.#begin() : undefined;
      if (begun !== undefined) await begun;
      return dressed;
    } catch (error) {
      // It was let go by the rates, and will not be sent.
      this.#context.ports.rates.after(request, null);
      throw error;
    }
  }

  #begin(): Promise<void> | undefined {
    const { ports, signal } = this.#context;
    if (signal.aborted) throw stopped(signal);
    const { draft, key: idempotencyKey } = this.#sending;
    if (this.#isWaiting) this.#attempt += 1;
    this.#isWaiting = false;
    this.#attemptMs = ports.clock.monotonicMs();
    const row = ports.journal.intent({
      ...this.#sending.at,
      attempt: this.#attempt,
      method: draft.method,
      url: this.#shownUrl,
      idempotencyKey,
    });
    if (row instanceof Promise) {
      return row.then((number) => {
        this.#intent = number;
      });
    }
    this.#intent = row;
    return undefined;
  }

  async #complete({ http: { status }, error, meta }: Outcome): Promise<void> {
    const { ports } = this.#context;
    const { draft, at } = this.#sending;
    const intent = this.#intent;
    // What was refused before it was sent has no row, and no attempt is told of twice.
    if (intent === undefined) return;
    this.#intent = undefined;
    const code = error?.code;
    const completed = ports.journal.complete(intent, { status, error: code });
    if (completed !== undefined) await completed;
    const bytes = meta["bytes"];
    ports.emit({
      event: "attempt",
      ...at,
      attempt: this.#attempt,
      method: draft.method,
      url: this.#shownUrl,
      status,
      duration_ms: Math.round(ports.clock.monotonicMs() - this.#attemptMs),
      ...(code === undefined ? {} : { error: code }),
      ...(typeof bytes === "number" ? { bytes } : {}),
    });
  }
}

/** Characters of a URL that are told of: a server may lead to one of any length. */
const SHOWN_URL_LIMIT = 2048;

function shortened(url: string): string {
  return url.length > SHOWN_URL_LIMIT ? `${url.slice(0, SHOWN_URL_LIMIT)}…` : url;
}
