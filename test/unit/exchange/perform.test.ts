import { expect, test } from "bun:test";
import { noCredentials } from "../../../lib/auth/bound.ts";

import { noHooks } from "../../../lib/exchange/no-hooks.ts";
import { perform } from "../../../lib/exchange/perform.ts";
import type { Ports } from "../../../lib/exchange/ports.ts";
import { openGuard } from "../../../lib/guard/open.ts";
import type { ResponseHead } from "../../../lib/http/exchange.ts";
import { MemoryJar } from "../../../lib/session/jar.ts";
import type { WireRequest, WireResponse } from "../../../lib/transport/wire.ts";
import { draftOf, headOf } from "../../support/drafts.ts";

import { fakeClock } from "../../support/fake-clock.ts";
import { failure } from "../../support/wire.ts";

function answerOf(head: ResponseHead): WireResponse {
  return {
    head,
    body: {
      chunks: (async function* () {})(),
      trailers: () => [],
      counts: () => ({ wireBytes: 0, decodedBytes: 0 }),
      cancel: () => undefined,
    },
    timings: {},
    connection: { address: "192.0.2.1", port: 80, isReused: false },
  };
}

function portsOf(send: Ports["send"], clock = fakeClock()): Ports {
  const nothing = async (): Promise<void> => undefined;
  return {
    guard: openGuard,
    hooks: noHooks,
    approve: nothing,
    record: { intent: nothing, outcome: nothing },
    quota: nothing,
    jar: new MemoryJar(),
    credentials: noCredentials,
    send,
    clock,
  };
}

const REDIRECT = answerOf(headOf(302, [["Location", "http://two.test/b"]]));

test.each([
  { name: "the first request counts", maxRequests: 1, sent: 1, says: "one.test" },
  { name: "the last one is not redirected again", maxRequests: 3, sent: 3, says: "two.test" },
])("perform() stops a chain at its limit: $name", async ({ maxRequests, sent, says }) => {
  const requests: WireRequest[] = [];
  const ports = portsOf(async (request) => {
    requests.push(request);
    return REDIRECT;
  });
  const options = { maxRequests, limits: {}, isDecoded: true };
  const error = await failure(perform(draftOf("http://one.test/a"), ports, options));
  expect(error).toMatchObject({
    code: "REDIRECT_LIMIT",
    hint: expect.stringContaining("--max-redirects"),
    details: { phase: "redirect", host: says, count: sent },
  });
  expect(requests).toHaveLength(sent);
});

test("perform() counts the time of earlier hops against the one limit", async () => {
  const clock = fakeClock();
  const limits: WireRequest["limits"][] = [];
  const ports = portsOf(async (request) => {
    limits.push(request.limits);
    clock.advance(400);
    return limits.length === 1 ? REDIRECT : answerOf(headOf(200));
  }, clock);
  const options = { maxRequests: 5, limits: { totalTimeoutMs: 1000 }, isDecoded: true };
  const exchange = await perform(draftOf("http://one.test/a"), ports, options);
  expect(limits).toEqual([
    { totalTimeoutMs: 1000, spentMs: 0 },
    { totalTimeoutMs: 1000, spentMs: 400 },
  ]);
  expect(exchange.elapsedMs).toBe(800);
});
