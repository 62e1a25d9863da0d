import type { ResponseHead } from "../../../lib/http/exchange.ts";

/** Returns the exit status that stands for a final response status: 3, 4, 5 or 0. */
export function statusExit({ status }: ResponseHead): number {
  const family = Math.floor(status / 100);
  return family >= 3 && family <= 5 ? family : 0;
}

/** Returns `HTTP 404 Not Found`. */
export function statusText({ status, reason }: ResponseHead): string {
  return `HTTP ${status} ${reason}`.trimEnd();
}
