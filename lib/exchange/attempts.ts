import { collectUpTo } from "../base/bytes.ts";
import { ERRORS, toWeirError, WeirError } from "../base/errors.ts";
import { pause } from "../base/pause.ts";
import type { Body } from "../http/body.ts";
import type { Draft } from "../http/draft.ts";
import type { Exchange } from "../http/exchange.ts";
import { replayBody } from "../http/replay-body.ts";
import { abortError } from "../transport/watch.ts";
import type { HookChain, Made, Ports, Retry, RetryWait } from "./ports.ts";

/** Bytes read of a response that is not the last one, so that its connection can be used again. */
const DRAIN_CAP_BYTES = 64 * 1024;

/** How an attempt is made. */
export interface AttemptOptions {
  /** Sends the request and follows its redirects. */
  readonly send: (draft: Draft) => Promise<Exchange>;
  readonly signal?: AbortSignal | undefined;
  readonly waitSignal?: AbortSignal | undefined;
}

/** What an attempt came to, and how long to wait before the next one, if there is one. */
interface Judged {
  readonly result: Exchange | WeirError;
  readonly wait?: RetryWait | undefined;
}

/**
 * Sends the draft, and sends it again as often as the port `retry` says; returns the last exchange.
 *
 * Each attempt starts from the same draft, with hooks of its own around it. When the last one fails,
 * hooks may answer in its place; what they cancel themselves they are not asked about.
 *
 * @throws {WeirError} what the last attempt failed with; the reason of `signal`
 */
export async function attempts(
  first: Draft,
  ports: Ports,
  options: AttemptOptions,
): Promise<Exchange> {
  const { clock, hooks } = ports;
  const startedMs = clock.monotonicMs();
  for (let attempt = 1; ; attempt += 1) {
    const one = await makeAttempt(first, attempt, hooks, options.send);
    const { draft } = one;
    const made = { draft, result: one.result, attempt, elapsedMs: clock.monotonicMs() - startedMs };
    const { result, wait } = await judge(made, ports, options.signal);
    if (wait === undefined) {
      return result instanceof WeirError
        ? await answerFor(result, { draft, attempt, hooks })
        : result;
    }
    const signal = eitherOf(options.signal, options.waitSignal);
    await waitBetween(wait.waitMs, result, { clock, signal });
  }
}

async function makeAttempt(
  first: Draft,
  attempt: number,
  hooks: HookChain,
  send: (draft: Draft) => Promise<Exchange>,
): Promise<Pick<Made, "draft" | "result">> {
  const draft =
    hooks.beforeAttempt === undefined ? first : await hooks.beforeAttempt(first, attempt);
  let result: Exchange | WeirError;
  try {
    result = { ...(await send(draft)), attempt };
  } catch (error) {
    result = toWeirError(error);
  }
  if (hooks.afterAttempt === undefined) return { draft, result };
  try {
    await hooks.afterAttempt(draft, attempt, result);
  } catch (error) {
    if (!(result instanceof WeirError)) result.body.cancel();
    throw error;
  }
  return { draft, result };
}

/** Asks whether there is a next attempt, with a body that is whole again afterwards. */
async function judge(
  made: Made,
  { retry, hooks }: Ports,
  signal: AbortSignal | undefined,
): Promise<Judged> {
  const { draft, result } = made;
  if (retry === undefined || signal?.aborted === true) return { result };
  if (result instanceof WeirError) {
    if (result.code === "CANCELLED") return { result };
    if (isReadOnce(draft.body)) return { result: explained(result) };
    return { result, wait: await ask(made, retry, hooks) };
  }
  if (isReadOnce(draft.body)) return { result };
  const held = replayBody(result.body);
  try {
    const shown = { ...made, result: { ...result, body: held.body } };
    const wait = await ask(shown, retry, hooks);
    return { wait, result: { ...result, body: held.rest() } };
  } catch (error) {
    result.body.cancel();
    throw error;
  }
}

async function ask(made: Made, retry: Retry, hooks: HookChain): Promise<RetryWait | undefined> {
  const wait = await retry.next(made);
  if (wait === undefined) return undefined;
  const { attempt, draft, result: outcome } = made;
  const plan = { attempt, delayMs: wait.waitMs, reason: wait.reason, outcome };
  const answer = await hooks.beforeRetry?.(draft, plan);
  if (answer === "veto") return undefined;
  const chosen = answer === undefined ? wait : { ...wait, waitMs: answer.delayMs };
  await retry.waiting?.(made, chosen);
  return chosen;
}

function isReadOnce(body: Body): boolean {
  return body.kind === "stream" && !body.replayable;
}

/** Says why a failure that another attempt might have mended was the only one. */
function explained(error: WeirError): WeirError {
  if (!ERRORS[error.code].retryable) return error;
  const { code, message, details, cause } = error;
  const own = error.hint === undefined ? "" : `${error.hint}. `;
  const hint = `${own}It was not sent again, because its body can be read only once; save the body to a file and send it with @FILE`;
  return new WeirError(code, message, { hint, details, cause });
}

/** Waits, and meanwhile reads the rest of a response that nobody wants. */
async function waitBetween(
  waitMs: number,
  result: Exchange | WeirError,
  { clock, signal }: Pick<Ports, "clock"> & { readonly signal: AbortSignal | undefined },
): Promise<void> {
  const body = result instanceof WeirError ? undefined : result.body;
  // Not waited for: a server that sends slowly must not hold up the next attempt. What goes wrong
  // with it concerns nobody any more.
  if (body !== undefined) collectUpTo(body.chunks, DRAIN_CAP_BYTES).catch(() => undefined);
  try {
    await pause(waitMs, clock, signal, ({ reason }) => abortError(reason));
  } finally {
    body?.cancel();
  }
}

/** Returns a signal that aborts with the first of two, one of them when the other is not given. */
function eitherOf(
  one: AbortSignal | undefined,
  other: AbortSignal | undefined,
): AbortSignal | undefined {
  return one === undefined || other === undefined ? (one ?? other) : AbortSignal.any([one, other]);
}

/** Returns what hooks answer in place of a failure. */
async function answerFor(
  error: WeirError,
  { draft, attempt, hooks }: Pick<Made, "draft" | "attempt"> & Pick<Ports, "hooks">,
): Promise<Exchange> {
  const answered = await hooks.onError?.(draft, error, attempt);
  if (answered !== undefined) return answered;
  throw error;
}
