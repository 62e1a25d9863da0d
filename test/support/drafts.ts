import { NO_BODY } from "../../lib/http/body.ts";
import type { Draft } from "../../lib/http/draft.ts";
import type { ResponseHead } from "../../lib/http/exchange.ts";
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
