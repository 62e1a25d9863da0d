import type { Clock } from "../base/clock.ts";
import type { ErrorCode } from "../base/errors.ts";
import { WeirError } from "../base/errors.ts";
import type { Send } from "../transport/wire.ts";

/** Failures before anything was sent, so that a second attempt repeats nothing. */
const NOT_CONNECTED: ReadonlySet<ErrorCode> = new Set([
  "NET_REFUSED",
  "NET_UNREACHABLE",
  "NET_CONNECT",
]);

/**
 * Returns a `send` that tries once more when the connection could not be made.
 *
 * The second attempt resolves the name anew, and its addresses are judged anew. Both share the time
 * of the request.
 */
export function sendAgain(send: Send, clock: Clock): Send {
  return async (request) => {
    const startedMs = clock.monotonicMs();
    try {
      return await send(request);
    } catch (error) {
      if (!(error instanceof WeirError) || !NOT_CONNECTED.has(error.code)) throw error;
      const { spentMs = 0 } = request.limits;
      const limits = { ...request.limits, spentMs: spentMs + clock.monotonicMs() - startedMs };
      return await send({ ...request, limits });
    }
  };
}
