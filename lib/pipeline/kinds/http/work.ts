import { toWeirError, type WeirError } from "../../../base/errors.ts";
import { maskUrl } from "../../../base/sensitive.ts";
import { compileExpect, type Expectation } from "../../expect.ts";
import type { Where } from "../../events.ts";
import { failedOutcome, type Outcome } from "../../outcome.ts";
import type { RunPorts } from "../../ports.ts";
import type { Scope } from "../../scope.ts";
import { compileSetting, type Setting } from "../../setting.ts";
import type { KindInput, TaskContext, Work } from "../kind.ts";
import { errorOf, isThrownOn } from "../outcome-error.ts";
import { type Sending, type Sent, sendWithPolicy } from "./attempts.ts";
import { runPages, type SendPage } from "./pages.ts";
import { compilePaginate, type PaginatePlan } from "./paginate.ts";
import { isWanted, type ReadingPlan, readOutcome } from "./read-outcome.ts";
import {
  compileRequest,
  draftOf,
  hasKey,
  type RenderedRequest,
  type RequestPlan,
} from "./request.ts";
import { compileSettings, type HttpSettings, type SettingsPlan } from "./settings.ts";
import { type ResultSettings, resultOf } from "./stored.ts";

/** An http task, compiled. */
interface HttpPlan {
  readonly request: RequestPlan;
  readonly settings: SettingsPlan;
  readonly expectation: Expectation | undefined;
  readonly stored: Setting<ResultSettings> | undefined;
  readonly paginate: PaginatePlan | undefined;
}

/**
 * Returns the compiled work of an http task.
 *
 * @throws {WeirError} PIPELINE_INVALID, TEMPLATE_SYNTAX
 */
export function compileHttp(input: KindInput): Work {
  const plan = compilePlan(input);
  return {
    hasOwnAttempts: true,
    credentials: plan.request.credentials,
    run: (context) => run(plan, context),
    plan: (scope) => [firstRequest(plan, scope), ...(plan.paginate?.expansion ?? [])],
  };
}

function compilePlan(input: KindInput): HttpPlan {
  const { fields, spec, path, source } = input;
  const paginate = compilePaginate(input);
  // Pages go to disk by the same rules as results, also when the file gives none.
  const result = spec["result"] ?? (paginate?.isStored === true ? {} : null);
  const expected = fields["expect"] ?? null;
  const parse = resultOf(paginate?.hidden ?? [], paginate?.isStored === true);
  return {
    request: compileRequest(input),
    settings: compileSettings(input),
    expectation:
      expected === null ? undefined : compileExpect(expected, [...path, "expect"], source),
    stored:
      result === null
        ? undefined
        : compileSetting(result, [...path, "spec", "result"], source, parse),
    paginate,
  };
}

/** What the templates of a task came to. */
interface Rendered {
  readonly request: RenderedRequest;
  readonly settings: HttpSettings;
  readonly reading: ReadingPlan;
}

async function run(plan: HttpPlan, context: TaskContext): Promise<Outcome> {
  try {
    const rendered = render(plan, context.scope);
    const { request } = rendered;
    const send: SendPage = (one, at) => sendOne(one, at, rendered, context);
    if (plan.paginate === undefined) return (await send(request, context.at)).outcome;
    return await runPages({ plan: plan.paginate, request, context, send });
  } catch (error) {
    return outcomeOfUnsent(toWeirError(error), context.ports);
  }
}

function render(plan: HttpPlan, scope: Scope): Rendered {
  const settings = plan.settings.read(scope);
  return {
    request: plan.request.render(scope),
    settings,
    reading: {
      expectation: plan.expectation,
      stored: plan.stored?.read(scope),
      responseType: settings.responseType,
    },
  };
}

async function sendOne(
  request: RenderedRequest,
  at: Where & { readonly task: string },
  { request: first, settings, reading }: Rendered,
  context: TaskContext,
): Promise<Sent> {
  const { ports } = context;
  if (settings.rate !== undefined) ports.rates.declare(request.url.host, settings.rate);
  const draft = draftOf(request, ports);
  const sending: Sending = {
    draft: draft instanceof Promise ? await draft : draft,
    settings,
    // Credentials belong to the origin of the task's own URL, wherever its pages lead.
    credentials: ports.credentials.forTask(request.auth, first.url),
    credentialHeaders: request.credentialHeaders,
    hasKey: hasKey(request),
    key: request.key,
    at,
    isStored: (exchange) => reading.stored !== undefined && isWanted(exchange, reading, context),
    read: (exchange, meta) => readOutcome(exchange, meta, reading, context),
  };
  return await sendWithPolicy(sending, context);
}

/** Returns the outcome of a task whose request could not be made. */
function outcomeOfUnsent(error: WeirError, ports: RunPorts): Outcome {
  if (isThrownOn(error)) throw error;
  const meta = { attempt: 1, duration_ms: 0 };
  return failedOutcome(errorOf(error, ports), { status: null, meta });
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
