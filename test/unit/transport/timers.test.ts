import { expect, test } from "bun:test";
import { WeirError } from "../../../lib/base/errors.ts";
import { Watch } from "../../../lib/transport/watch.ts";
import type { WireLimits } from "../../../lib/transport/wire.ts";
import {
  answer,
  eventually,
  failure,
  fetchAll,
  listen,
  onRequest,
  requestOf,
  testTransport,
  within,
} from "../../support/wire.ts";
import { fakeClock } from "../../support/fake-clock.ts";

const LIMITS = { connectTimeoutMs: 100, readTimeoutMs: 1000, totalTimeoutMs: 10_000 };
const TARGET = { scheme: "http", host: "a.test", port: 80 } as const;

function watch(limits: WireLimits = LIMITS, signal?: AbortSignal) {
  const clock = fakeClock();
  return { clock, watch: new Watch({ clock, target: TARGET, limits, signal }) };
}

test("Watch keeps the first error and tells it to whoever asks later", () => {
  const { clock, watch: one } = watch();
  const seen: string[] = [];
  one.onFail((error) => seen.push(error.code));
  one.fail(new WeirError("NET_CLOSED", "First"));
  one.fail(new WeirError("NET_REFUSED", "Second"));
  one.onFail((error) => seen.push(error.code));
  expect(seen).toEqual(["NET_CLOSED", "NET_CLOSED"]);
  expect(clock.pending()).toBe(0);
});

test("Watch.close() leaves no timer behind", () => {
  const { clock, watch: one } = watch();
  one.startConnecting();
  one.awaitServer();
  one.close();
  expect(clock.pending()).toBe(0);
});

test("Watch.race() drops a result that comes after the failure", async () => {
  const { watch: one } = watch();
  const late = Promise.withResolvers<string>();
  const dropped: string[] = [];
  const racing = one.race(late.promise, (value) => dropped.push(value));
  one.fail(new WeirError("NET_CLOSED", "First"));
  late.resolve("socket");
  expect((await failure(racing)).code).toBe("NET_CLOSED");
  expect(dropped).toEqual(["socket"]);
});

test.each([
  { name: "the whole time is left", spentMs: undefined, leftMs: 10_250 },
  { name: "earlier hops took some of it", spentMs: 4000, leftMs: 6250 },
  { name: "earlier hops took more than all of it", spentMs: 11_000, leftMs: 1 },
])("TIMEOUT_TOTAL names the limit as given: $name", ({ spentMs, leftMs }) => {
  const { clock, watch: one } = watch({ totalTimeoutMs: 10_250, spentMs });
  one.phase = "tls";
  clock.advance(leftMs - 1);
  expect(one.error).toBeUndefined();
  clock.advance(1);
  expect(one.error).toMatchObject({ code: "TIMEOUT_TOTAL", details: { phase: "tls" } });
  expect(one.error?.message).toContain("within 10.25 s (waited for: TLS handshake)");
});

test("a signal that is not aborted with a WeirError cancels", async () => {
  const { watch: one } = watch(LIMITS, AbortSignal.abort());
  expect(one.error?.code).toBe("CANCELLED");
});

test.each([
  { name: "DNS", resolve: () => new Promise<never>(() => undefined), phase: "dns" },
  { name: "TLS", resolve: undefined, phase: "tls" },
])("a connection that waits for $name is TIMEOUT_CONNECT", async ({ resolve, phase }) => {
  let accepted = 0;
  await using server = await listen((socket) => {
    accepted += 1;
    socket.resume();
  });
  const clock = fakeClock();
  using transport = testTransport({ clock, network: resolve === undefined ? {} : { resolve } });
  const url = resolve === undefined ? `https://127.0.0.1:${server.port}` : "http://a.test";
  const sending = failure(transport.send(requestOf(url, { limits: LIMITS })));
  await eventually(() => clock.pending() === 2 && (resolve !== undefined || accepted === 1));
  clock.advance(99);
  clock.advance(1);
  expect(await sending).toMatchObject({ code: "TIMEOUT_CONNECT", details: { phase } });
  await within(server.allClosed());
});

test("a server that never answers is TIMEOUT_READ", async () => {
  let isAsked = false;
  await using server = await listen((socket) => onRequest(socket, () => (isAsked = true)));
  const clock = fakeClock();
  using transport = testTransport({ clock });
  const sending = failure(transport.send(requestOf(server.url, { limits: LIMITS })));
  await eventually(() => isAsked);
  clock.advance(1000);
  expect(await sending).toMatchObject({ code: "TIMEOUT_READ", details: { phase: "response" } });
  expect(clock.pending()).toBe(0);
  await within(server.allClosed());
});

test("a head that drips in is no silence until it stops", async () => {
  let isAsked = false;
  await using server = await listen((socket) => onRequest(socket, () => (isAsked = true)));
  const clock = fakeClock();
  let armed = 0;
  const counting = {
    ...clock,
    after: (ms: number, task: () => void) => {
      armed += 1;
      return clock.after(ms, task);
    },
  };
  using transport = testTransport({ clock: counting });
  const limits = { readTimeoutMs: 1000 };
  const sending = failure(transport.send(requestOf(server.url, { limits })));
  await eventually(() => isAsked);
  for (const letter of "HTTP/1.1") {
    const before = armed;
    server.sockets[0]?.write(letter);
    await eventually(() => armed > before);
    clock.advance(999);
  }
  clock.advance(1);
  expect((await sending).code).toBe("TIMEOUT_READ");
});

test("each chunk starts the idle timer anew, and a body that stops is TIMEOUT_READ", async () => {
  await using server = await listen(answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na"));
  const clock = fakeClock();
  using transport = testTransport({ clock });
  const response = await within(transport.send(requestOf(server.url, { limits: LIMITS })));
  const reader = response.body.chunks[Symbol.asyncIterator]();
  await within(reader.next());
  for (const letter of "bcd") {
    const reading = reader.next();
    clock.advance(900);
    server.sockets[0]?.write(letter);
    expect(new TextDecoder().decode((await within(reading)).value)).toBe(letter);
  }
  const last = failure(reader.next());
  clock.advance(1000);
  expect(await last).toMatchObject({ code: "TIMEOUT_READ", details: { phase: "body" } });
});

test("a reader that takes its time is not the silence of the server", async () => {
  await using server = await listen(answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na"));
  const clock = fakeClock();
  using transport = testTransport({ clock });
  const limits = { readTimeoutMs: 1000 };
  const response = await within(transport.send(requestOf(server.url, { limits })));
  const reader = response.body.chunks[Symbol.asyncIterator]();
  await within(reader.next());
  clock.advance(60_000);
  server.sockets[0]?.write("b");
  expect((await within(reader.next())).done).toBe(false);
  expect((await within(reader.next())).done).toBe(true);
});

test("a server that drips for ever is TIMEOUT_TOTAL", async () => {
  await using server = await listen(answer("HTTP/1.1 200 OK\r\n\r\na"));
  const clock = fakeClock();
  using transport = testTransport({ clock });
  const response = await within(transport.send(requestOf(server.url, { limits: LIMITS })));
  const reader = response.body.chunks[Symbol.asyncIterator]();
  for (let ms = 0; ms < LIMITS.totalTimeoutMs; ms += 500) {
    await within(reader.next());
    server.sockets[0]?.write("a");
    clock.advance(500);
  }
  const error = await failure(reader.next());
  expect(error).toMatchObject({ code: "TIMEOUT_TOTAL", details: { phase: "body" } });
});

test("a server that takes no data is TIMEOUT_READ, in the phase of sending", async () => {
  await using server = await listen((socket) => socket.pause());
  const clock = fakeClock();
  using transport = testTransport({ clock });
  const bytes = new Uint8Array(64 * 1024 * 1024);
  const sending = failure(
    transport.send(
      requestOf(server.url, {
        method: "PUT",
        headers: [["Content-Length", String(bytes.byteLength)]],
        body: { kind: "bytes", bytes },
        limits: { readTimeoutMs: 1000 },
      }),
    ),
  );
  await eventually(() => clock.pending() === 1);
  await Bun.sleep(50);
  clock.advance(1000);
  expect(await sending).toMatchObject({ code: "TIMEOUT_READ", details: { phase: "send" } });
});

test("no timer is left when a response has been read", async () => {
  await using server = await listen(answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"));
  const clock = fakeClock();
  using transport = testTransport({ clock });
  await within(fetchAll(transport, requestOf(server.url, { limits: LIMITS })));
  expect(clock.pending()).toBe(0);
});
