import { toWeirError, WeirError } from "../base/errors.ts";
import { collectUpTo } from "../base/bytes.ts";
import type { Draft } from "../http/draft.ts";
import type { Exchange, Hop, HopRequest, SentRequest } from "../http/exchange.ts";
import { headerValue } from "../http/headers.ts";
import type { WireResponse } from "../transport/wire.ts";
import { admit } from "./admit.ts";
import { dress, withLines } from "./dress.ts";
import type { ExchangeOptions, Ports } from "./ports.ts";
import { prepare } from "./prepare.ts";
import { nextDraft } from "./redirect.ts";

/** Bytes kept of a response that is not the last one; a longer one closes its connection. */
const HOP_BODY_CAP_BYTES = 64 * 1024;

/**
 * The line of one request: hooks, then each hop admitted, dressed, sent and remembered, then hooks.
 *
 * Every mode goes through it; what differs between them comes in as ports.
 *
 * @throws {WeirError} what the ports throw, REDIRECT_LIMIT, TIMEOUT_TOTAL
 */
export async function perform(
  draft: Draft,
  ports: Ports,
  options: ExchangeOptions,
): Promise<Exchange> {
  const startedMs = ports.clock.monotonicMs();
  const first = await ports.hooks.beforeRequest(draft);
  if ("answered" in first) return await ports.hooks.afterResponse(first.answered);
  const exchange = await attempt(first, ports, options, startedMs);
  return await ports.hooks.afterResponse(exchange);
}

/** Sends the draft, with the hooks of an attempt around it; hooks may answer in place of a failure. */
async function attempt(
  draft: Draft,
  ports: Ports,
  options: ExchangeOptions,
  startedMs: number,
): Promise<Exchange> {
  const { hooks } = ports;
  const current = (await hooks.beforeAttempt?.(draft, 1)) ?? draft;
  try {
    const exchange = await sendHops(current, ports, options, startedMs);
    await hooks.afterAttempt?.(current, 1, exchange);
    return exchange;
  } catch (error) {
    const failure = toWeirError(error);
    await hooks.afterAttempt?.(current, 1, failure);
    const answered = await hooks.onError?.(current, failure);
    if (answered !== undefined) return answered;
    throw error;
  }
}

/** Sends the request and follows its redirects; returns the exchange with its last response. */
async function sendHops(
  first: Draft,
  ports: Ports,
  options: ExchangeOptions,
  startedMs: number,
): Promise<Exchange> {
  const hops: Hop[] = [];
  for (let current = first; ;) {
    const request = prepare(current);
    const asked = question(current, hops);
    await admit(asked, ports);
    const { sent, answer } = await sendHop(
      request,
      asked,
      ports,
      remaining(options, ports, startedMs),
    );
    await ports.jar.remember(request.url, answer.head);
    const hop = { request: sent, response: answer.head, ...pick(answer) };
    const next = follow(current, hop, hops.length + 1, options, answer);
    if (next === undefined) {
      const elapsedMs = ports.clock.monotonicMs() - startedMs;
      const exchange = { draft: first, hops: [...hops, hop], response: hop.response };
      return { ...exchange, body: answer.body, elapsedMs };
    }
    hops.push({ ...hop, body: await collectUpTo(answer.body.chunks, HOP_BODY_CAP_BYTES) });
    answer.body.cancel();
    current = next;
  }
}

/** Returns what guard and credentials are asked: the caller's own lines, and where a redirect comes from. */
function question({ method, url, headers, body }: Draft, hops: readonly Hop[]): HopRequest {
  const before = hops.at(-1);
  if (before === undefined) return { method, url, headers, body, hop: 0 };
  const written = headerValue(before.response.headers, "location");
  return { method, url, headers, body, hop: hops.length, from: before.request.url, written };
}

function pick({ timings, connection }: WireResponse): Pick<Hop, "timings" | "connection"> {
  return { timings, connection };
}

/** Returns the options with the time that is left for this hop. */
function remaining(options: ExchangeOptions, ports: Ports, startedMs: number): ExchangeOptions {
  const { totalTimeoutMs } = options.limits;
  if (totalTimeoutMs === undefined) return options;
  const left = totalTimeoutMs - (ports.clock.monotonicMs() - startedMs);
  return { ...options, limits: { ...options.limits, totalTimeoutMs: Math.max(1, left) } };
}

/** Sends one hop, and once more with the answer to a 401 when there is one. */
async function sendHop(
  request: SentRequest,
  asked: HopRequest,
  ports: Ports,
  options: ExchangeOptions,
): Promise<{ sent: SentRequest; answer: WireResponse }> {
  const dressed = await dress(request, asked, ports);
  const answer = await sendRecorded(dressed, asked, ports, options);
  if (answer.head.status !== 401) return { sent: dressed, answer };
  const lines = await ports.credentials.answer(asked, answer.head);
  if (lines === undefined) return { sent: dressed, answer };
  answer.body.cancel();
  const answered = withLines(dressed, lines);
  return { sent: answered, answer: await sendRecorded(answered, asked, ports, options) };
}

async function sendRecorded(
  request: SentRequest,
  asked: HopRequest,
  ports: Ports,
  { limits, isDecoded, signal, onUpload }: ExchangeOptions,
): Promise<WireResponse> {
  try {
    const answer = await ports.send({ ...request, limits, isDecoded, signal, onUpload });
    await ports.record.outcome(asked, { request, response: answer.head, ...pick(answer) });
    return answer;
  } catch (error) {
    await ports.record.outcome(asked, toWeirError(error));
    throw error;
  }
}

function follow(
  draft: Draft,
  hop: Hop,
  sentCount: number,
  { maxRequests, credentialHeaders }: ExchangeOptions,
  answer: WireResponse,
): Draft | undefined {
  if (maxRequests === undefined) return undefined;
  try {
    const next = nextDraft(draft, hop.response, credentialHeaders);
    if (next === undefined || sentCount < maxRequests) return next;
    throw new WeirError("REDIRECT_LIMIT", `Still redirected after ${sentCount} requests`, {
      hint: "Raise the limit with --max-redirects, or run without --follow to see the first response",
      details: { maxRequests, location: next.url.origin },
    });
  } catch (error) {
    answer.body.cancel();
    throw error;
  }
}
