import type { WeirError } from "../../../base/errors.ts";
import { toWeirError } from "../../../base/errors.ts";
import type { Exchange } from "../../../http/exchange.ts";
import { headerValue } from "../../../http/headers.ts";
import type { Expectation } from "../../expect.ts";
import type { TaskContext } from "../kind.ts";
import { isThrownOn } from "../outcome-error.ts";
import type { ReadOutcome } from "./attempts.ts";
import { type AttemptMeta, outcomeOfResponse } from "./outcome.ts";
import { type ReadBody, readBody } from "./read-body.ts";
import type { ResponseType } from "./settings.ts";
import { isSuccess } from "./status.ts";
import { type ResultSettings, storeBinary, storeBody } from "./stored.ts";

/** How the responses of a task are read. */
export interface ReadingPlan {
  readonly expectation: Expectation | undefined;
  /** undefined: bodies are not stored. */
  readonly stored: ResultSettings | undefined;
  readonly responseType: ResponseType | undefined;
}

/** Says whether the status of a response is one the task wants. */
export function isWanted(
  { response }: Exchange,
  { expectation }: ReadingPlan,
  { scope }: TaskContext,
): boolean {
  return isSuccess(response) || expectation?.wantsStatus(response.status, scope) === true;
}

/**
 * Reads the body of a response and returns what the task makes of it.
 *
 * @throws {WeirError} CANCELLED, INTERNAL, TEMPLATE_*
 */
export async function readOutcome(
  exchange: Exchange,
  meta: AttemptMeta,
  plan: ReadingPlan,
  context: TaskContext,
): Promise<ReadOutcome> {
  const isOk = isWanted(exchange, plan, context);
  const body = await bodyFor(exchange, isOk, plan, context);
  let failure = isOk ? body.failure : undefined;
  if (isOk && failure === undefined && plan.expectation !== undefined) {
    failure = await check(exchange, body, meta, plan.expectation, context);
  }
  const outcome = outcomeOfResponse(exchange, body, { isOk, failure }, meta, context.ports);
  return { outcome, notes: body.notes };
}

async function bodyFor(
  exchange: Exchange,
  isOk: boolean,
  { stored, responseType }: ReadingPlan,
  context: TaskContext,
): Promise<ReadBody> {
  if (isOk && stored !== undefined) return await storeBody(exchange, stored, responseType, context);
  const body = await readBody(exchange, responseType);
  if (!isOk || body.binary === undefined) return body;
  const contentType = headerValue(exchange.response.headers, "content-type");
  return await storeBinary(body.binary, contentType, undefined, context);
}

async function check(
  { response }: Exchange,
  { data, isElsewhere }: ReadBody,
  { attemptStartedMs }: AttemptMeta,
  expectation: Expectation,
  { ports, scope }: TaskContext,
): Promise<WeirError | undefined> {
  const { status, headers } = response;
  const elapsedMs = ports.clock.monotonicMs() - attemptStartedMs;
  const subject = { status, headers, data, isStored: isElsewhere, elapsedMs };
  try {
    return await expectation.check(subject, scope, ports);
  } catch (error) {
    const failure = toWeirError(error);
    if (isThrownOn(failure)) throw failure;
    return failure;
  }
}
