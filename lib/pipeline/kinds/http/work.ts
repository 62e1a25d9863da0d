import { toWeirError, type WeirError } from "../../../base/errors.ts";
import { maskUrl } from "../../../base/sensitive.ts";
import type { Exchange } from "../../../http/exchange.ts";
import type { Outcome } from "../../outcome.ts";
import type { RunPorts } from "../../ports.ts";
import type { Scope } from "../../scope.ts";
import type { KindInput, TaskContext, Work } from "../kind.ts";
import { type ReadOutcome, type Sending, sendWithPolicy } from "./attempts.ts";
import { type AttemptMeta, errorOf, isSuccess, outcomeOfResponse } from "./outcome.ts";
import { readBody } from "./read-body.ts";
import {
  compileRequest,
  draftOf,
  hasKey,
  type RenderedRequest,
  type RequestPlan,
} from "./request.ts";
import { compileSettings, type HttpSettings, type SettingsPlan } from "./settings.ts";

/** An http task, compiled. */
interface HttpPlan {
  readonly request: RequestPlan;
  readonly settings: SettingsPlan;
}

/**
 * Returns the compiled work of an http task.
 *
 * @throws {WeirError} PIPELINE_INVALID, TEMPLATE_SYNTAX
 */
export function compileHttp(input: KindInput): Work {
  const plan: HttpPlan = { request: compileRequest(input), settings: compileSettings(input) };
  return {
    hasOwnAttempts: true,
    credentials: plan.request.credentials,
    run: (context) => run(plan, context),
    plan: (scope) => [firstRequest(plan, scope)],
  };
}

async function run(plan: HttpPlan, context: TaskContext): Promise<Outcome> {
  let sending: Sending;
  try {
    const request = plan.request.render(context.scope);
    sending = await sendingOf(request, plan.settings.read(context.scope), context);
  } catch (error) {
    return outcomeOfUnsent(toWeirError(error), context.ports);
  }
  const { outcome } = await sendWithPolicy(sending, context);
  return outcome;
}

async function sendingOf(
  request: RenderedRequest,
  settings: HttpSettings,
  { ports, at }: TaskContext,
): Promise<Sending> {
  if (settings.rate !== undefined) ports.rates.declare(request.url.host, settings.rate);
  return {
    draft: await draftOf(request, ports),
    settings,
    credentials: ports.credentials.forTask(request.auth, request.url),
    credentialHeaders: request.credentialHeaders,
    hasKey: hasKey(request),
    key: request.key,
    at,
    isStored: () => false,
    read: (exchange, meta) => readOutcome(exchange, settings, meta, ports),
  };
}

async function readOutcome(
  exchange: Exchange,
  settings: HttpSettings,
  meta: AttemptMeta,
  ports: RunPorts,
): Promise<ReadOutcome> {
  const body = await readBody(exchange, settings.responseType);
  const judged = { isOk: isSuccess(exchange.response), failure: body.failure };
  return { outcome: outcomeOfResponse(exchange, body, judged, meta, ports), notes: body.notes };
}

/** Returns the outcome of a task whose request could not be made. */
function outcomeOfUnsent(error: WeirError, ports: RunPorts): Outcome {
  if (error.code === "INTERNAL" || error.code === "CANCELLED") throw error;
  return {
    status: "error",
    http: { status: null, headers: {} },
    result: { status: null, headers: {}, data: null },
    error: errorOf(error, ports),
    meta: { attempt: 0, duration_ms: 0 },
  };
}

function firstRequest({ request }: HttpPlan, scope: Scope): string {
  try {
    const { method, url } = request.render(scope);
    return `${method} ${maskUrl(url)}`;
  } catch (error) {
    // Values of a run, such as the data of an earlier task, are not there yet.
    return `a request that depends on the run: ${toWeirError(error).message}`;
  }
}
