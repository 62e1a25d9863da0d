import { toWeirError } from "../base/errors.ts";
import type { Draft } from "../http/draft.ts";
import type { Exchange } from "../http/exchange.ts";
import type { HookChain } from "./ports.ts";

/**
 * Makes the one attempt there is: sends the draft with the hooks of an attempt around it.
 *
 * When it fails, hooks may answer in its place; what they cancel themselves they are not asked about.
 */
export async function attempt(
  draft: Draft,
  hooks: HookChain,
  send: (draft: Draft) => Promise<Exchange>,
): Promise<Exchange> {
  const current = (await hooks.beforeAttempt?.(draft, 1)) ?? draft;
  try {
    const exchange = await send(current);
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
