import { expect, test } from "bun:test";
import { utf8 } from "../../../lib/base/bytes.ts";
import { WeirError } from "../../../lib/base/errors.ts";
import type { WireRequest } from "../../../lib/transport/wire.ts";
import {
  answer,
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

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

/** Sends a request to a server that answers at once, and returns the bytes that it received. */
async function sent(changes: Partial<WireRequest>): Promise<string> {
  let received = (): string => "";
  await using server = await listen((socket) => {
    received = record(socket);
    answer(OK)(socket, 1);
  });
  using transport = testTransport();
  await within(fetchAll(transport, requestOf(server.url, changes)));
  return received();
}

async function* chunks(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield utf8(text);
}

test("a request is sent byte for byte: order, case and repeats of its headers, nothing added", async () => {
  expect(
    await sent({
      target: "/a?b=c",
      headers: [
        ["x-b", "1"],
        ["HOST", "name.test"],
        ["X-a", ""],
        ["X-B", "2"],
        ["x-b", "3"],
      ],
    }),
  ).toBe("GET /a?b=c HTTP/1.1\r\nx-b: 1\r\nHOST: name.test\r\nX-a: \r\nX-B: 2\r\nx-b: 3\r\n\r\n");
});

test.each([
  { name: "dots and double slashes", target: "/../a//./b/%2e%2E?" },
  { name: "characters a URL parser would encode or drop", target: '/a|b"c<>^`{}\\' },
  { name: "an asterisk", target: "*" },
  { name: "an absolute form", target: "http://other.test/x" },
  { name: "a fragment", target: "/a#b" },
])("a target with $name is sent as it is", async ({ target }) => {
  expect(await sent({ target })).toStartWith(`GET ${target} HTTP/1.1\r\n`);
});

test.each(["PURGE", "PROPFIND", "M-SEARCH", "TRACE", "QUERY", "DELETE"])(
  "method %s is sent",
  async (method) => {
    expect(await sent({ method })).toStartWith(`${method} / HTTP/1.1\r\n`);
  },
);

test("the answer to a CONNECT that the user typed is its head", async () => {
  await using server = await listen(answer("HTTP/1.1 200 Connected\r\nA: b\r\n\r\n"));
  using transport = testTransport();
  const request = requestOf(server.url, { method: "CONNECT", target: "api.test:443" });
  const response = await within(fetchAll(transport, request));
  expect(response).toMatchObject({ head: { status: 200, headers: [["A", "b"]] }, text: "" });
  await within(server.allClosed());
});

test("a long header value beyond ASCII is sent whole", async () => {
  const value = "é".repeat(60_000);
  const wire = await sent({ headers: [["X", value]] });
  expect(Buffer.from(wire, "latin1").toString("utf8")).toContain(value);
});

test("a header value is sent as its UTF-8 bytes", async () => {
  const wire = await sent({
    headers: [
      ["Host", "a"],
      ["X", "é€\t😀"],
    ],
  });
  expect(Buffer.from(wire, "latin1").toString("utf8")).toContain("X: é€\t😀\r\n");
});

test("a GET with a body is sent with it", async () => {
  const wire = await sent({
    headers: [
      ["Host", "a"],
      ["Content-Length", "2"],
    ],
    body: { kind: "bytes", bytes: utf8("ab") },
  });
  expect(wire).toBe("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab");
});

test("a stream of unknown length is sent in chunks, with no Content-Length", async () => {
  const wire = await sent({
    method: "POST",
    headers: [
      ["Host", "a"],
      ["Transfer-Encoding", "chunked"],
    ],
    body: { kind: "stream", replayable: false, open: () => chunks("abc", "", "de") },
  });
  expect(wire).toBe(
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
  );
});

test("bytes are sent in chunks when the header says so", async () => {
  const wire = await sent({
    method: "POST",
    headers: [["transfer-encoding", "Chunked"]],
    body: { kind: "bytes", bytes: utf8("abc") },
  });
  expect(wire).toEndWith("\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
});

test("a stream of known length is sent with it, unchunked", async () => {
  const wire = await sent({
    method: "PUT",
    headers: [["Content-Length", "5"]],
    body: { kind: "stream", lengthBytes: 5, replayable: true, open: () => chunks("abc", "de") },
  });
  expect(wire).toBe("PUT / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabcde");
});

test("a refused request opens no connection", async () => {
  await using server = await listen(answer(OK));
  using transport = testTransport();
  const headers = [
    ["Content-Length", "2"],
    ["Transfer-Encoding", "chunked"],
  ] as const;
  const body = { kind: "bytes", bytes: utf8("ab") } as const;
  const error = await failure(transport.send(requestOf(server.url, { headers, body })));
  expect(error.code).toBe("USAGE_BAD_FRAMING");
  expect(server.sockets).toHaveLength(0);
});

test("a response says what the connection was and how long each phase took", async () => {
  await using server = await listen(answer(OK));
  using transport = testTransport({ keepAlive: true });
  const first = await within(fetchAll(transport, requestOf(server.url)));
  const second = await within(fetchAll(transport, requestOf(server.url)));
  expect(first.connection).toEqual({ address: "127.0.0.1", port: server.port, isReused: false });
  expect(first.timings).toEqual({
    dnsMs: undefined,
    connectMs: expect.any(Number),
    firstByteMs: expect.any(Number),
  });
  expect(second.connection.isReused).toBe(true);
  expect(second.timings).toEqual({ firstByteMs: expect.any(Number) });
});

test("close() ends running requests and refuses later ones", async () => {
  await using server = await listen((socket) => void socket.resume());
  using transport = testTransport();
  const running = failure(transport.send(requestOf(server.url)));
  await eventually(() => server.sockets.length === 1);
  transport.close();
  expect((await running).code).toBe("CANCELLED");
  expect((await failure(transport.send(requestOf(server.url)))).code).toBe("CANCELLED");
  await within(server.allClosed());
});

test("a signal ends a request with its own reason, before and after the head", async () => {
  await using server = await listen(answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi"));
  using transport = testTransport();
  const reason = new WeirError("POLICY_QUOTA", "Enough");
  const early = AbortSignal.abort(reason);
  expect(await failure(transport.send(requestOf(server.url, { signal: early })))).toBe(reason);
  const controller = new AbortController();
  const response = await within(
    transport.send(requestOf(server.url, { signal: controller.signal })),
  );
  const reading = failure(Array.fromAsync(response.body.chunks));
  controller.abort(reason);
  expect(await reading).toBe(reason);
  await within(server.allClosed());
});

test("cancel() closes the connection, and may be called twice", async () => {
  await using server = await listen(answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi"));
  using transport = testTransport({ keepAlive: true });
  const response = await within(transport.send(requestOf(server.url)));
  response.body.cancel();
  response.body.cancel();
  await within(server.allClosed());
});

test("leaving the loop over a body closes the connection", async () => {
  await using server = await listen(answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi"));
  using transport = testTransport({ keepAlive: true });
  const response = await within(transport.send(requestOf(server.url)));
  for await (const chunk of response.body.chunks) {
    expect(chunk.byteLength).toBe(2);
    break;
  }
  await within(server.allClosed());
});

test.each([
  { cap: "wireCapBytes", counts: { wireBytes: 10, decodedBytes: 4 } },
  { cap: "decodedCapBytes", counts: { wireBytes: 10, decodedBytes: 4 } },
] as const)("a body over $cap is handed over up to it, then refused", async ({ cap, counts }) => {
  await using server = await listen(
    answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789"),
  );
  using transport = testTransport();
  const response = await within(transport.send(requestOf(server.url, { limits: { [cap]: 4 } })));
  let text = "";
  const error = await failure(
    (async () => {
      for await (const chunk of response.body.chunks) text += new TextDecoder().decode(chunk);
    })(),
  );
  expect(text).toBe("0123");
  expect(error).toMatchObject({ code: "BODY_TOO_LARGE", details: { capBytes: 4 } });
  expect(response.body.counts()).toEqual(counts);
  await within(server.allClosed());
});

test("a body of exactly the cap is read whole", async () => {
  await using server = await listen(answer(OK));
  using transport = testTransport();
  const limits = { wireCapBytes: 2, decodedCapBytes: 2 };
  const response = await within(fetchAll(transport, requestOf(server.url, { limits })));
  expect(response.text).toBe("hi");
});

test("headers over a cap given with the request are refused", async () => {
  await using server = await listen(
    answer(`HTTP/1.1 200 OK\r\nX: ${"a".repeat(9000)}\r\nContent-Length: 0\r\n\r\n`),
  );
  using transport = testTransport();
  const request = requestOf(server.url, { limits: { headerCapBytes: 8192 } });
  const error = await failure(fetchAll(transport, request));
  expect(error.code).toBe("NET_HEADERS_TOO_LARGE");
  expect(error.message).toContain("more than 8192 bytes");
});

test("requests over maxSockets wait their turn, and can be given up while they wait", async () => {
  const asked: string[] = [];
  await using server = await listen((socket) => {
    onRequest(socket, (head) => {
      asked.push(head);
      if (!head.startsWith("GET /1")) socket.write(OK);
    });
  });
  using transport = testTransport({ keepAlive: true, maxSockets: 1 });
  const controller = new AbortController();
  const first = fetchAll(transport, requestOf(`${server.url}/1`));
  const second = fetchAll(transport, requestOf(`${server.url}/2`));
  const signal = controller.signal;
  const third = failure(fetchAll(transport, requestOf(`${server.url}/3`, { signal })));
  await eventually(() => asked.length === 1);
  controller.abort();
  expect((await third).code).toBe("CANCELLED");
  server.sockets[0]?.write(OK);
  await within(first);
  expect((await within(second)).connection.isReused).toBe(true);
  expect(server.sockets).toHaveLength(1);
});
