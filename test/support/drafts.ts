import { NO_BODY } from "../../lib/http/body.ts";
import type { Draft } from "../../lib/http/draft.ts";
import type { Exchange, ResponseBody, ResponseHead } from "../../lib/http/exchange.ts";
import type { HeaderList } from "../../lib/http/headers.ts";

/** Returns a GET of `url` with `changes`. */
export function draftOf(url: string, changes: Partial<Draft> = {}): Draft {
  return {
    method: "GET",
    url: new URL(url),
    headers: [],
    defaults: [],
    unset: [],
    body: NO_BODY,
    ...changes,
  };
}

/** Returns the head of a response. */
export function headOf(status: number, headers: HeaderList = []): ResponseHead {
  return { status, reason: "", httpVersion: "1.1", headers };
}

/** Returns a response body of these pieces. */
export function bodyOf(...texts: readonly string[]): ResponseBody {
  return {
    chunks: (async function* chunks() {
      for (const text of texts) yield new TextEncoder().encode(text);
    })(),
    trailers: () => [],
    counts: () => ({ wireBytes: 0, decodedBytes: 0 }),
    cancel: () => undefined,
  };
}

/** Returns the exchange of a GET that was answered with this. */
export function exchangeOf(status: number, headers: HeaderList = []): Exchange {
  const draft = draftOf("http://one.test/");
  return { draft, hops: [], response: headOf(status, headers), body: bodyOf(), elapsedMs: 0 };
}
