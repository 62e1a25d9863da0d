import { collectUpTo } from "../base/bytes.ts";
import type { Draft } from "../http/draft.ts";
import type { Exchange, Hop } from "../http/exchange.ts";
import { admit, question } from "./admit.ts";
import { attempts } from "./attempts.ts";
import { follow } from "./follow.ts";
import type { ExchangeOptions, Ports } from "./ports.ts";
import { prepare } from "./prepare.ts";
import { sendHop } from "./send-hop.ts";

/** Bytes kept of a response that is not the last one; a longer one closes its connection. */
const HOP_BODY_CAP_BYTES = 64 * 1024;

/**
 * The line of one request: hooks, then attempts, each of them hops admitted, dressed, sent and
 * remembered, then hooks.
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
  const { hooks } = ports;
  const first = hooks.beforeRequest === undefined ? draft : await hooks.beforeRequest(draft);
  const { signal, waitSignal } = options;
  const send = (current: Draft) => sendHops(current, ports, options);
  const exchange =
    "answered" in first
      ? first.answered
      : await attempts(first, ports, { send, signal, waitSignal });
  return hooks.afterResponse === undefined ? exchange : await hooks.afterResponse(exchange);
}

/** Sends the request and follows its redirects; returns the exchange with the last response. */
async function sendHops(first: Draft, ports: Ports, options: ExchangeOptions): Promise<Exchange> {
  const startedMs = ports.clock.monotonicMs();
  const hops: Hop[] = [];
  for (let current = first; ;) {
    const request = prepare(current);
    const asked = question(current, request, hops);
    await admit(asked, ports);
    const { hop, body } = await sendHop(request, asked, ports, { options, startedMs });
    const kept = ports.jar.remember(request.url, hop.response);
    if (kept !== undefined) await kept;
    const next = follow(current, hop.response, hops.length + 1, { options, body });
    if (next === undefined) {
      const elapsedMs = ports.clock.monotonicMs() - startedMs;
      return { draft: first, hops: [...hops, hop], response: hop.response, body, elapsedMs };
    }
    hops.push({ ...hop, body: await collectUpTo(body.chunks, HOP_BODY_CAP_BYTES) });
    body.cancel();
    current = next;
  }
}
