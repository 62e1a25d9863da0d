import type { WeirError } from "../../../base/errors.ts";
import { sanitizeLine, sanitizeText } from "../../../base/sanitize.ts";
import { maskUrl } from "../../../base/sensitive.ts";
import type { Exchange } from "../../../http/exchange.ts";
import { headerRecord } from "../../../http/headers.ts";
import { readRetryAfter } from "../../../http/retry-after.ts";
import { failedOutcome, type Outcome, type OutcomeError } from "../../outcome.ts";
import type { RunPorts } from "../../ports.ts";
import { errorOf } from "../outcome-error.ts";
import type { ReadBody } from "./read-body.ts";
import { isRetryableStatus, kindOfStatus } from "./status.ts";

/** Bytes of a body that an error shows. */
const PREVIEW_BYTES = 1024;
/** Read beyond those, so that a secret at their end is whole when it is looked for. */
const LONGEST_SECRET_BYTES = 8192;

/** What an outcome says beside what came of the request. */
export interface AttemptMeta {
  /** Attempts made, from 1. */
  readonly attempt: number;
  /** When the first attempt and when the last one began, on the monotonic clock. */
  readonly startedMs: number;
  readonly attemptStartedMs: number;
  readonly method: string;
  /** Fit to be shown: secrets are masked. */
  readonly url: string;
}

/** What all outcomes of a task are made with. */
export type OutcomePorts = Pick<RunPorts, "clock" | "redact">;

/** Returns the outcome of an attempt that came to no response. */
export function outcomeOfFailure(
  error: WeirError,
  meta: AttemptMeta,
  ports: OutcomePorts,
): Outcome {
  return failedOutcome(errorOf(error, ports), { status: null, meta: metaOf(meta, ports) });
}

/**
 * Returns the outcome of a response whose body was read.
 *
 * @param isOk whether the status is one the task wants
 * @param failure what is wrong all the same: a body that cannot be used, a failed check
 */
export function outcomeOfResponse(
  exchange: Exchange,
  body: ReadBody,
  { isOk, failure }: { readonly isOk: boolean; readonly failure: WeirError | undefined },
  meta: AttemptMeta,
  ports: OutcomePorts,
): Outcome {
  const { response } = exchange;
  const headers = headerRecord(response.headers);
  const error = isOk ? failure : undefined;
  const problem = isOk
    ? error && { ...errorOf(error, ports), ...previewed(body, ports) }
    : { ...statusError(exchange, meta, ports), ...previewed(body, ports) };
  return {
    status: problem === undefined ? "ok" : "error",
    http: { status: response.status, headers },
    result: { ...body.fields, status: response.status, headers, data: body.data },
    error: problem ?? null,
    meta: { ...metaOf(meta, ports), ...exchangeFacts(exchange, body, ports) },
  };
}

function statusError(exchange: Exchange, meta: AttemptMeta, ports: OutcomePorts): OutcomeError {
  const { status, reason, headers } = exchange.response;
  const waitMs = readRetryAfter(headers, ports.clock.now());
  const said = sanitizeLine(`${status} ${reason}`.trimEnd());
  return {
    kind: kindOfStatus(status),
    code: `HTTP_${status}`,
    message: ports.redact(`${meta.method} ${meta.url} was answered with ${said}`),
    retryable: isRetryableStatus(status),
    retry_after: waitMs === undefined ? null : waitMs / 1000,
  };
}

function previewed(body: ReadBody, { redact }: OutcomePorts): Partial<OutcomeError> {
  const text = redact(sanitizeText(body.preview(PREVIEW_BYTES + LONGEST_SECRET_BYTES)));
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(PREVIEW_BYTES));
  return text === "" ? {} : { body_preview: text.slice(0, read) };
}

function metaOf(meta: AttemptMeta, { clock }: OutcomePorts): Outcome["meta"] {
  return {
    attempt: meta.attempt,
    duration_ms: Math.round(clock.monotonicMs() - meta.startedMs),
    method: meta.method,
    url: meta.url,
  };
}

function exchangeFacts(
  { hops, draft }: Exchange,
  body: ReadBody,
  { redact }: OutcomePorts,
): Readonly<Record<string, unknown>> {
  const last = hops.at(-1);
  const isMoved = hops.length > 1 && last !== undefined;
  return {
    hops: hops.length,
    bytes: body.sizeBytes,
    ...(last === undefined ? {} : { address: last.connection.address }),
    ...(isMoved ? { redirected_to: redact(maskUrl(last.request.url)) } : {}),
    ...(isMoved && last.request.method !== draft.method
      ? { redirected_method: last.request.method }
      : {}),
  };
}

/** Says what a redirect made of the method, undefined when it left it alone. */
export function changedMethod({ hops, draft }: Exchange): string | undefined {
  const last = hops.at(-1);
  if (last === undefined || hops.length === 1 || last.request.method === draft.method)
    return undefined;
  return last.request.method;
}
