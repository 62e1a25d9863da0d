import type { Dressing } from "../auth/bound.ts";
import { toWeirError, type WeirError, withDetails } from "../base/errors.ts";
import type { Hop, HopRequest, ResponseBody, SentRequest } from "../http/exchange.ts";
import type { Arrival, WireLimits, WireResponse } from "../transport/wire.ts";
import { dress, dressAnswer } from "./dress.ts";
import type { ExchangeOptions, Ports } from "./ports.ts";

/** What all hops of an exchange share. */
export interface HopContext {
  readonly options: ExchangeOptions;
  /** When the attempt began, on the monotonic clock. */
  readonly startedMs: number;
  /** True: the request answers a 401. */
  readonly isAnswer?: boolean | undefined;
}

/** A hop that was answered, and the body of the answer. */
export interface AnsweredHop {
  readonly hop: Hop;
  readonly body: ResponseBody;
}

/** Dresses and sends one hop, and once more with the answer to a 401 when there is one. */
export async function sendHop(
  request: SentRequest,
  asked: HopRequest,
  ports: Ports,
  context: HopContext,
): Promise<AnsweredHop> {
  const unsent = asked.hop === 0 ? "never" : "unknown";
  let dressed: SentRequest;
  try {
    dressed = await dress(request, asked, ports);
  } catch (error) {
    throw arriving(unsent, error);
  }
  const first = await sendRecorded(dressed, asked, ports, context);
  if (first.hop.response.status !== 401) return first;
  const answer = await answerTo(first, asked, ports);
  if (answer === undefined) return first;
  first.body.cancel();
  return await sendRecorded(await dressAnswer(dressed, answer, ports), asked, ports, {
    ...context,
    isAnswer: true,
  });
}

async function sendRecorded(
  request: SentRequest,
  asked: HopRequest,
  ports: Ports,
  context: HopContext,
): Promise<AnsweredHop> {
  const { isDecoded, signal, onUpload } = context.options;
  const limits = remaining(ports, context);
  const isFollowUp = asked.hop > 0 || context.isAnswer === true;
  try {
    const { head, body, timings, connection }: WireResponse = await ports.send({
      ...request,
      limits,
      isDecoded,
      isFollowUp,
      signal,
      onUpload,
    });
    const hop = { request, response: head, timings, connection };
    const written = ports.record.outcome(asked, hop);
    if (written !== undefined) await written;
    return { hop, body };
  } catch (error) {
    await ports.record.outcome(asked, toWeirError(error));
    throw isFollowUp ? afterAnswer(toWeirError(error)) : error;
  }
}

async function answerTo(
  { hop }: AnsweredHop,
  asked: HopRequest,
  { credentials }: Ports,
): Promise<Dressing | undefined> {
  try {
    return await credentials.answer(asked, hop.response);
  } catch (error) {
    throw arriving("answered", error);
  }
}

/** A credential may fail with a request of its own, whose arrival is not that of this one. */
function arriving(arrival: Arrival, error: unknown): WeirError {
  return withDetails(toWeirError(error), { arrival });
}

/** What was sent before it did arrive, whatever became of this one. */
function afterAnswer(error: WeirError): WeirError {
  return error.details["arrival"] === "never" ? withDetails(error, { arrival: "unknown" }) : error;
}

/** Returns the limits with the time that the hops before have taken. */
function remaining({ clock }: Ports, { options, startedMs }: HopContext): WireLimits {
  const { limits } = options;
  // Only the total counts what was spent before.
  if (limits.totalTimeoutMs === undefined) return limits;
  return { ...limits, spentMs: clock.monotonicMs() - startedMs };
}
