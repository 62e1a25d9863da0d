import type { AuditEntry } from "../audit/record.ts";
import { sha256 } from "../audit/hash.ts";
import { WeirError } from "../base/errors.ts";
import type { Clock } from "../base/clock.ts";
import type { Decision } from "../guard/decision.ts";
import type { Hop, HopRequest } from "../http/exchange.ts";
import type { Recorder } from "../exchange/ports.ts";

/** Takes audit entries: the audit log, or nothing when auditing is off. */
export interface AuditSink {
  append(entry: AuditEntry): Promise<void>;
}

/** The call a record belongs to. */
export interface RecordedCall {
  /** Pairs intent and outcome; `decision_id` of the answer. */
  readonly id: string;
  readonly tool: string;
}

/** Codes of refusals. */
const REFUSED = /^(?:POLICY_|SECRET_)/;

/**
 * Records the hops of one call: an intent before each is sent, and facts for the one outcome.
 *
 * A redirect is a request of its own, so each hop has its intent; the call has one outcome.
 */
export class CallRecorder implements Recorder {
  readonly #sink: AuditSink;
  readonly #call: RecordedCall;
  readonly #clock: Clock;
  readonly #startedMs: number;
  #last: { readonly method: string; readonly url: string; readonly decision: Decision } | undefined;
  #hop: Hop | undefined;

  constructor(sink: AuditSink, call: RecordedCall, clock: Clock) {
    this.#sink = sink;
    this.#call = call;
    this.#clock = clock;
    this.#startedMs = clock.monotonicMs();
  }

  async intent(request: HopRequest, decision: Decision): Promise<void> {
    const bytes = request.body.kind === "bytes" ? request.body.bytes : undefined;
    await this.write(request.method, request.url.href, decision, {
      request_headers: request.headers,
      body_sha256: bytes === undefined ? undefined : await sha256(bytes),
    });
  }

  outcome(_request: HopRequest, result: Hop | WeirError): Promise<void> {
    if (!(result instanceof WeirError)) this.#hop = result;
    return Promise.resolve();
  }

  /** URL of the last hop that was asked about, undefined before the first. */
  get url(): string | undefined {
    return this.#last?.url;
  }

  /** Writes an intent, also of a call whose URL is no URL. */
  async write(
    method: string,
    url: string,
    decision: Decision,
    more: Partial<Extract<AuditEntry, { kind: "intent" }>> = {},
  ): Promise<void> {
    this.#last = { method, url, decision };
    await this.#sink.append({
      kind: "intent",
      ...this.#call,
      method,
      url,
      decision: decision.verdict,
      rule: decision.rule,
      reason: "reason" in decision ? decision.reason : undefined,
      code: decision.verdict === "deny" ? decision.code : undefined,
      ...more,
    });
  }

  /** Writes that the call failed; a refusal after the intent, of an address or a secret, as denial. */
  async fail({ code, message, details }: WeirError): Promise<void> {
    const rule = details["rule"];
    if (this.#last !== undefined && REFUSED.test(code)) {
      const { decision } = this.#last;
      const broken = typeof rule === "string" ? rule : decision.rule;
      this.#last = {
        ...this.#last,
        decision: { verdict: "deny", code, rule: broken, reason: message },
      };
    }
    await this.close({ success: false, code });
  }

  /** Writes what became of the call. */
  async close(result: ClosedCall): Promise<void> {
    if (this.#last === undefined) return;
    const { method, url, decision } = this.#last;
    await this.#sink.append({
      kind: "outcome",
      ...this.#call,
      method,
      url,
      decision: decision.verdict,
      rule: decision.rule,
      reason: decision.verdict === "deny" ? decision.reason : undefined,
      address: this.#hop?.connection.address,
      dns_ms: this.#hop?.timings.dnsMs,
      status: result.status,
      bytes: result.bytes,
      truncated: result.truncated,
      duration_ms: Math.round(this.#clock.monotonicMs() - this.#startedMs),
      success: result.success,
      code: result.code,
    });
  }
}

/** How a call ended. */
export interface ClosedCall {
  readonly success: boolean;
  readonly status?: number | undefined;
  readonly bytes?: number | undefined;
  readonly truncated?: boolean | undefined;
  readonly code?: string | undefined;
}
