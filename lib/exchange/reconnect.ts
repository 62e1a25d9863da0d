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
 * The second attempt resolves the name anew, and its addresses are judged anew.
 */
export function sendAgain(send: Send): Send {
  return async (request) => {
    try {
      return await send(request);
    } catch (error) {
      if (!(error instanceof WeirError) || !NOT_CONNECTED.has(error.code)) throw error;
      return await send(request);
    }
  };
}
