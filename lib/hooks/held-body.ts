import { concatBytes } from "../base/bytes.ts";
import { toWeirError, WeirError } from "../base/errors.ts";
import type { ResponseBody } from "../http/exchange.ts";

/** A response body that a hook may read, and that goes on untouched when none does. */
export interface HeldBody {
  /** Reads the body to its end; throws BODY_TOO_LARGE over the cap, and what reading throws. */
  read(): Promise<Uint8Array>;
  /** Returns the body for whoever comes next: whole, whatever was read of it. */
  rest(): ResponseBody;
}

/** Returns `body` so that hooks can look at it, up to `capBytes`. */
export function holdBody(body: ResponseBody, capBytes: number): HeldBody {
  const source = body.chunks[Symbol.asyncIterator]();
  const held: Uint8Array[] = [];
  let failure: WeirError | undefined;
  let isDone = false;
  let reading: Promise<Uint8Array> | undefined;

  const collect = async (): Promise<Uint8Array> => {
    let size = 0;
    try {
      while (size <= capBytes) {
        const next = await source.next();
        if (next.done === true) {
          isDone = true;
          return concatBytes(held);
        }
        held.push(next.value);
        size += next.value.byteLength;
      }
    } catch (error) {
      failure = toWeirError(error);
      throw failure;
    }
    throw new WeirError("BODY_TOO_LARGE", `The body is larger than ${capBytes} bytes`, {
      hint: "A plugin reads bodies up to this cap only",
    });
  };
  return {
    read: () => (reading ??= collect()),
    rest() {
      if (reading === undefined) return body;
      const chunks = async function* chunks(): AsyncGenerator<Uint8Array> {
        yield* held;
        if (failure !== undefined) throw failure;
        while (!isDone) {
          const next = await source.next();
          if (next.done === true) return;
          yield next.value;
        }
      };
      return { ...body, chunks: chunks() };
    },
  };
}
