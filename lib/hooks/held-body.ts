import { ByteQueue } from "../base/bytes.ts";
import { WeirError } from "../base/errors.ts";
import type { ResponseBody } from "../http/exchange.ts";
import { replayBody } from "../http/replay-body.ts";

/** A response body that a hook may read, and that goes on untouched when none does. */
export interface HeldBody {
  /** Reads the body to its end; throws BODY_TOO_LARGE over the cap, and what reading throws. */
  read(): Promise<Uint8Array>;
  /** Returns the body for whoever comes next: whole, whatever was read of it. */
  rest(): ResponseBody;
}

/** Returns `body` so that hooks can look at it, up to `capBytes`. */
export function holdBody(body: ResponseBody, capBytes: number): HeldBody {
  const replay = replayBody(body);
  let reading: Promise<Uint8Array> | undefined;
  const collect = async (): Promise<Uint8Array> => {
    const queue = new ByteQueue();
    for await (const chunk of replay.body.chunks) {
      queue.push(chunk);
      if (queue.sizeBytes <= capBytes) continue;
      throw new WeirError("BODY_TOO_LARGE", `The body is larger than ${capBytes} bytes`, {
        hint: "A plugin reads bodies up to this cap only",
      });
    }
    return queue.takeAll();
  };
  return { read: () => (reading ??= collect()), rest: () => replay.rest() };
}
