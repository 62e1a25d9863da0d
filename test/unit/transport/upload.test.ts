import { expect, test } from "bun:test";
import { utf8 } from "../../../lib/base/bytes.ts";
import type { Body } from "../../../lib/http/body.ts";
import type { WireRequest } from "../../../lib/transport/wire.ts";
import {
  eventually,
  failure,
  fetchAll,
  listen,
  onRequest,
  record,
  requestOf,
  testTransport,
  within,
} from "../../support/wire.ts";
import { fakeClock } from "../../support/fake-clock.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const BLOCK = new Uint8Array(256 * 1024);

/** A source that says how far it was read and whether it was told to stop. */
function source(count: number, chunk: Uint8Array = BLOCK) {
  const facts = { read: 0, isCancelled: false };
  async function* open(): AsyncGenerator<Uint8Array> {
    try {
      for (; facts.read < count; facts.read += 1) yield chunk;
    } finally {
      facts.isCancelled = facts.read < count;
    }
  }
  return { facts, open };
}

function streamed(
  open: () => AsyncIterable<Uint8Array>,
  lengthBytes?: number,
): Partial<WireRequest> {
  const body: Body = { kind: "stream", replayable: false, lengthBytes, open };
  const framing =
    lengthBytes === undefined
      ? (["Transfer-Encoding", "chunked"] as const)
      : (["Content-Length", String(lengthBytes)] as const);
  return { method: "POST", headers: [["Host", "a"], framing], body };
}

test("an upload waits for a server that reads slowly", async () => {
  await using server = await listen((socket) => socket.pause());
  using transport = testTransport();
  const { facts, open } = source(400);
  const sending = failure(fetchAll(transport, requestOf(server.url, streamed(open))));
  await eventually(() => facts.read > 0);
  await Bun.sleep(100);
  // 100 MiB were to be sent; what the system buffers is a few.
  expect(facts.read).toBeLessThan(100);
  transport.close();
  await sending;
  await eventually(() => facts.isCancelled);
});

test("progress is told in bytes and ends with all of them", async () => {
  await using server = await listen((socket) => {
    let bytes = 0;
    socket.on("data", (chunk: Buffer) => {
      bytes += chunk.byteLength;
      if (bytes > 4 * BLOCK.byteLength) socket.end(OK);
    });
  });
  using transport = testTransport();
  const seen: number[] = [];
  const request = requestOf(server.url, {
    ...streamed(source(4).open, 4 * BLOCK.byteLength),
    onUpload: (sentBytes) => seen.push(sentBytes),
  });
  await within(fetchAll(transport, request));
  expect(seen.at(-1)).toBe(4 * BLOCK.byteLength);
  expect(seen).toEqual(seen.toSorted((left, right) => left - right));
});

test.each([
  { name: "shorter", lengthBytes: 9 },
  { name: "longer", lengthBytes: 3 },
])(
  "a stream $name than declared is BODY_LENGTH and closes the connection",
  async ({ lengthBytes }) => {
    let received = (): string => "";
    await using server = await listen((socket) => {
      received = record(socket);
    });
    using transport = testTransport({ keepAlive: true });
    const { open } = source(1, utf8("abcde"));
    const error = await failure(
      fetchAll(transport, requestOf(server.url, streamed(open, lengthBytes))),
    );
    expect(error).toMatchObject({ code: "BODY_LENGTH", details: { declaredBytes: lengthBytes } });
    await within(server.allClosed());
    const body = received().split("\r\n\r\n")[1] ?? "";
    expect(body.length).toBeLessThanOrEqual(lengthBytes);
  },
);

test("an error of the source reaches the caller and closes the connection", async () => {
  await using server = await listen((socket) => void socket.resume());
  using transport = testTransport();
  async function* open(): AsyncGenerator<Uint8Array> {
    yield utf8("a");
    throw Object.assign(new Error("disk gone"), { code: "EIO" });
  }
  const error = await failure(fetchAll(transport, requestOf(server.url, streamed(open))));
  expect(error).toMatchObject({ code: "IO_READ", cause: { code: "EIO" } });
  await within(server.allClosed());
});

test.each([413, 200])(
  "an early %i is delivered, and the source is told to stop",
  async (status) => {
    await using server = await listen((socket) => {
      onRequest(socket, () => {
        socket.write(`HTTP/1.1 ${status} Early\r\nContent-Length: 2\r\n\r\nno`);
        socket.pause();
      });
    });
    using transport = testTransport({ keepAlive: true });
    const { facts, open } = source(10_000);
    const response = await within(fetchAll(transport, requestOf(server.url, streamed(open))));
    expect(response).toMatchObject({ head: { status }, text: "no" });
    await eventually(() => facts.isCancelled);
    server.sockets[0]?.resume();
    await within(server.allClosed());
  },
);

test("an early answer of a server that then hangs up is delivered", async () => {
  await using server = await listen((socket) => {
    socket.once("data", () => {
      const head = "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno";
      socket.write(head, () => socket.destroySoon());
      socket.pause();
    });
  });
  using transport = testTransport();
  const { facts, open } = source(10_000);
  const response = await within(fetchAll(transport, requestOf(server.url, streamed(open))));
  expect(response).toMatchObject({ head: { status: 413 }, text: "no" });
  await eventually(() => facts.isCancelled);
});

test("an early answer is delivered while the source has nothing to read", async () => {
  await using server = await listen((socket) => {
    onRequest(socket, () => void socket.write("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"));
  });
  using transport = testTransport();
  let isTold = false;
  const open = (): AsyncIterable<Uint8Array> => ({
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise(() => undefined),
      return: async () => {
        isTold = true;
        return { done: true, value: undefined };
      },
    }),
  });
  const response = await within(fetchAll(transport, requestOf(server.url, streamed(open))));
  expect(response.head.status).toBe(401);
  expect(isTold).toBe(true);
});

test("an answer may run ahead of an upload that goes on", async () => {
  await using server = await listen((socket) => {
    let isAnswered = false;
    socket.on("data", (chunk) => {
      if (!isAnswered) socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      isAnswered = true;
      if (chunk.includes("0\r\n\r\n")) socket.end("4\r\ndone\r\n0\r\n\r\n");
    });
  });
  using transport = testTransport();
  const gate = Promise.withResolvers<void>();
  async function* open(): AsyncGenerator<Uint8Array> {
    yield utf8("a");
    await gate.promise;
    yield utf8("b");
  }
  const response = await within(transport.send(requestOf(server.url, streamed(open))));
  gate.resolve();
  const [chunk] = await within(Array.fromAsync(response.body.chunks));
  expect(new TextDecoder().decode(chunk)).toBe("done");
});

function expecting(open: () => AsyncIterable<Uint8Array>): Partial<WireRequest> {
  const request = streamed(open, 5);
  return { ...request, headers: [...(request.headers ?? []), ["Expect", "100-continue"]] };
}

test("Expect: 100-continue holds the body back until the server asks for it", async () => {
  let received = (): string => "";
  await using server = await listen((socket) => {
    received = record(socket);
    onRequest(socket, () => {
      socket.write("HTTP/1.1 100 Continue\r\n\r\n");
      socket.on("data", () => socket.end(OK));
    });
  });
  using transport = testTransport({ clock: fakeClock() });
  const { open } = source(1, utf8("abcde"));
  await within(fetchAll(transport, requestOf(server.url, expecting(open))));
  expect(received()).toEndWith("Expect: 100-continue\r\n\r\nabcde");
});

test("Expect: 100-continue sends the body after a second of silence", async () => {
  let isAsked = false;
  await using server = await listen((socket) => {
    onRequest(socket, () => {
      isAsked = true;
      socket.on("data", () => socket.end(OK));
    });
  });
  const clock = fakeClock();
  using transport = testTransport({ clock });
  const { facts, open } = source(1, utf8("abcde"));
  const reading = fetchAll(transport, requestOf(server.url, expecting(open)));
  await eventually(() => isAsked);
  clock.advance(999);
  expect(facts.read).toBe(0);
  clock.advance(1);
  expect((await within(reading)).text).toBe("hi");
});

test("Expect: 100-continue sends no body when the server refuses", async () => {
  let received = (): string => "";
  await using server = await listen((socket) => {
    received = record(socket);
    onRequest(socket, () => void socket.write("HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n"));
  });
  using transport = testTransport({ keepAlive: true, clock: fakeClock() });
  const { facts, open } = source(1, utf8("abcde"));
  const response = await within(fetchAll(transport, requestOf(server.url, expecting(open))));
  expect(response.head.status).toBe(417);
  await within(server.allClosed());
  expect(facts.read).toBe(0);
  expect(received()).toEndWith("\r\n\r\n");
});
