import { collectUpTo } from "../base/bytes.ts";
import type { Draft } from "../http/draft.ts";
import type { Exchange, Hop, HopRequest, SentRequest } from "../http/exchange.ts";
import { headerValue } from "../http/headers.ts";
import { admit } from "./admit.ts";
import { attempt } from "./attempt.ts";
import { follow } from "./follow.ts";
import type { ExchangeOptions, Ports } from "./ports.ts";
import { prepare } from "./prepare.ts";
import { sendHop } from "./send-hop.ts";

/** Bytes kept of a response that is not the last one; a longer one closes its connection. */
const HOP_BODY_CAP_BYTES = 64 * 1024;

/**
 * The line of one request: hooks, then each hop admitted, dressed, sent and remembered, then hooks.
 *
 * Every mode goes through it; what differs between them comes in as ports.
 *
 * @throws {WeirError} what the ports throw, REDIRECT_*, TIMEOUT_TOTAL
 */
export async function perform(
  draft: Draft,
  ports: Ports,
  options: ExchangeOptions,
): Promise<Exchange> {
  const startedMs = ports.clock.monotonicMs();
  const { hooks } = ports;
  const first = await hooks.beforeRequest(draft);
  if ("answered" in first) return await hooks.afterResponse(first.answered);
  const send = (current: Draft) => sendHops(current, ports, { options, startedMs });
  return await hooks.afterResponse(await attempt(first, hooks, send));
}

/** Sends the request and follows its redirects; returns the exchange with the last response. */
async function sendHops(
  first: Draft,
  ports: Ports,
  { options, startedMs }: { readonly options: ExchangeOptions; readonly startedMs: number },
): Promise<Exchange> {
  const hops: Hop[] = [];
  for (let current = first; ;) {
    const request = prepare(current);
    const asked = question(current, request, hops);
    await admit(asked, ports);
    const { hop, body } = await sendHop(request, asked, ports, { options, startedMs });
    await ports.jar.remember(request.url, hop.response);
    const next = follow(current, hop.response, hops.length + 1, { options, body });
    if (next === undefined) {
      const elapsedMs = ports.clock.monotonicMs() - startedMs;
      const exchange = { draft: first, hops: [...hops, hop], response: hop.response };
      return { ...exchange, body, elapsedMs };
    }
    hops.push({ ...hop, body: await collectUpTo(body.chunks, HOP_BODY_CAP_BYTES) });
    body.cancel();
    current = next;
  }
}

/** Returns what guard and credentials are asked: the caller's own lines, and where a redirect comes from. */
function question(draft: Draft, request: SentRequest, hops: readonly Hop[]): HopRequest {
  const { method, url, headers, body } = draft;
  const contentType = headerValue(request.headers, "content-type");
  const before = hops.at(-1);
  const asked = { method, url, headers, body, contentType, hop: hops.length };
  if (before === undefined) return asked;
  const written = headerValue(before.response.headers, "location");
  const from = before.request.url;
  const first = hops[0]?.request.url;
  return { ...asked, from, first, written };
}
