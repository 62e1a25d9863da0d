import { expect, test } from "bun:test";
import {
  answer,
  failure,
  fetchAll,
  listen,
  requestOf,
  testTransport,
  within,
} from "../support/wire.ts";

const HEAD = "HTTP/1.1 200 OK\r\n";
const CHUNKED = `${HEAD}Transfer-Encoding: chunked\r\n\r\n`;

function lines(count: number): string {
  return Array.from({ length: count }, (_, at) => `H${at}: v\r\n`).join("");
}

// Each is sent by a server that closes afterwards, and by one that leaves the connection open.
const BROKEN = [
  { name: "another protocol", data: "SSH-2.0-OpenSSH_9.2\r\n\r\n", code: "NET_PROTOCOL" },
  { name: "a TLS alert", data: "\x15\x03\x01\x00\x02\x02\x46", code: "NET_PROTOCOL" },
  { name: "a status that is no number", data: "HTTP/1.1 2x0 OK\r\n\r\n", code: "NET_PROTOCOL" },
  { name: "an unknown version", data: "HTTP/3.7 200 OK\r\n\r\n", code: "NET_PROTOCOL" },
  {
    name: "Content-Length beside Transfer-Encoding",
    data: `${HEAD}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n`,
    code: "NET_PROTOCOL",
  },
  {
    name: "two different lengths",
    data: `${HEAD}Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi!`,
    code: "NET_PROTOCOL",
  },
  { name: "a negative length", data: `${HEAD}Content-Length: -2\r\n\r\nhi`, code: "NET_PROTOCOL" },
  {
    name: "a length beyond every number",
    data: `${HEAD}Content-Length: 99999999999999999999999999\r\n\r\nhi`,
    code: "NET_PROTOCOL",
  },
  {
    name: "bare line feeds",
    data: "HTTP/1.1 200 OK\nContent-Length: 2\n\nhi",
    code: "NET_PROTOCOL",
  },
  {
    name: "a space before a colon",
    data: `${HEAD}Content-Length : 2\r\n\r\nhi`,
    code: "NET_PROTOCOL",
  },
  {
    name: "a NUL in a header",
    data: `${HEAD}A: b\0c\r\nContent-Length: 2\r\n\r\nhi`,
    code: "NET_PROTOCOL",
  },
  {
    name: "a header over several lines",
    data: `${HEAD}A: b\r\n c\r\n\tContent-Length: 9\r\nContent-Length: 2\r\n\r\nhi`,
    code: "NET_PROTOCOL",
  },
  { name: "a chunk size that is no number", data: `${CHUNKED}zz\r\nhi\r\n`, code: "NET_PROTOCOL" },
  {
    name: "a bad chunk after a good one",
    data: `${CHUNKED}2\r\nhi\r\nzz\r\n`,
    code: "NET_PROTOCOL",
  },
  { name: "a chunk longer than its size", data: `${CHUNKED}2\r\nhiya\r\n`, code: "NET_PROTOCOL" },
  {
    name: "a chunk size beyond every number",
    data: `${CHUNKED}ffffffffffffffffff\r\nhi`,
    code: "NET_PROTOCOL",
  },
  {
    name: "headers over the cap",
    data: `${HEAD}X: ${"a".repeat(300_000)}\r\nContent-Length: 2\r\n\r\nhi`,
    code: "NET_HEADERS_TOO_LARGE",
  },
  {
    name: "three thousand headers",
    data: `${HEAD}${lines(3000)}Content-Length: 2\r\n\r\nhi`,
    code: "NET_HEADERS_TOO_LARGE",
  },
  {
    name: "trailers over the cap",
    data: `${CHUNKED}2\r\nhi\r\n0\r\nT: ${"a".repeat(300_000)}\r\n\r\n`,
    code: "NET_HEADERS_TOO_LARGE",
  },
  {
    name: "informational responses without end",
    data: "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n".repeat(100),
    code: "NET_PROTOCOL",
  },
] as const;

test.each(
  BROKEN.flatMap((row) => [
    { ...row, how: "end" as const },
    { ...row, how: "keep" as const },
  ]),
)("a response with $name is $code ($how)", async ({ data, code, how }) => {
  await using server = await listen(answer(data, how));
  using transport = testTransport({ keepAlive: true });
  const error = await failure(fetchAll(transport, requestOf(server.url)));
  expect(error).toMatchObject({ code, hint: expect.any(String) });
  await within(server.allClosed());
});

test.each([
  { name: "nothing at all", data: "", code: "NET_CLOSED" },
  { name: "half a status line", data: "HTTP/1.1 2", code: "NET_CLOSED" },
  { name: "half a head", data: `${HEAD}A: b\r\n`, code: "NET_CLOSED" },
  {
    name: "a head after which more was due",
    data: `${HEAD}Content-Length: 2\r\n\r\n`,
    code: "NET_TRUNCATED",
  },
  { name: "too few bytes", data: `${HEAD}Content-Length: 20\r\n\r\nhi`, code: "NET_TRUNCATED" },
  { name: "half a chunk", data: `${CHUNKED}5\r\nhi`, code: "NET_TRUNCATED" },
  { name: "chunks without the last one", data: `${CHUNKED}2\r\nhi\r\n`, code: "NET_TRUNCATED" },
  { name: "half a trailer", data: `${CHUNKED}2\r\nhi\r\n0\r\nT: 1\r\n`, code: "NET_TRUNCATED" },
  {
    name: "only an informational response",
    data: "HTTP/1.1 100 Continue\r\n\r\n",
    code: "NET_CLOSED",
  },
])("a server that closes after $name is $code", async ({ data, code }) => {
  await using server = await listen(answer(data, "end"));
  using transport = testTransport();
  expect(await failure(fetchAll(transport, requestOf(server.url)))).toMatchObject({
    code,
    details: { host: "127.0.0.1", port: server.port },
  });
});

test.each([
  { name: "before a response", data: "", code: "NET_CLOSED" },
  { name: "in the body", data: `${HEAD}Content-Length: 20\r\n\r\nhi`, code: "NET_TRUNCATED" },
])("a server that resets $name is $code", async ({ data, code }) => {
  await using server = await listen((socket) => {
    socket.on("data", () => {
      socket.write(data, () => setImmediate(() => socket.resetAndDestroy()));
    });
  });
  using transport = testTransport();
  expect(await failure(fetchAll(transport, requestOf(server.url)))).toMatchObject({ code });
});

test.each([
  { name: "a chunked body", data: `${CHUNKED}2\r\nhi\r\n0\r\n\r\n`, status: 200, text: "hi" },
  { name: "chunk extensions", data: `${CHUNKED}2;a=b\r\nhi\r\n0\r\n\r\n`, status: 200, text: "hi" },
  {
    name: "a status that no registry knows",
    data: "HTTP/1.1 999 Odd\r\nContent-Length: 2\r\n\r\nhi",
    status: 999,
    text: "hi",
  },
  {
    name: "an empty reason",
    data: "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nhi",
    status: 200,
    text: "hi",
  },
  {
    name: "an early hint before it",
    data: `HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${HEAD}Content-Length: 2\r\n\r\nhi`,
    status: 200,
    text: "hi",
  },
  {
    name: "an unasked 100 before it",
    data: `HTTP/1.1 100 Continue\r\n\r\n${HEAD}Content-Length: 2\r\n\r\nhi`,
    status: 200,
    text: "hi",
  },
  {
    name: "no body, whatever its length says",
    data: "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
    status: 204,
    text: "",
  },
  {
    name: "304 and a length",
    data: "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
    status: 304,
    text: "",
  },
  {
    name: "bytes after its end",
    data: `${HEAD}Content-Length: 2\r\n\r\nhi${HEAD}Content-Length: 4\r\n\r\nevil`,
    status: 200,
    text: "hi",
  },
  {
    name: "equal lengths twice",
    data: `${HEAD}Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi`,
    status: 0,
    text: "",
  },
  {
    name: "a switch of protocols",
    data: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nxyz",
    status: 101,
    text: "",
  },
])("a response with $name is read", async ({ data, status, text }) => {
  await using server = await listen(answer(data));
  using transport = testTransport();
  const read = within(fetchAll(transport, requestOf(server.url)));
  if (status === 0) {
    // RFC 9112 section 6.3 lets a client refuse it, and the parser does.
    expect(await failure(read)).toMatchObject({ code: "NET_PROTOCOL" });
    return;
  }
  expect(await read).toMatchObject({ head: { status }, text });
});

test("a body without a length is read until the connection closes", async () => {
  await using server = await listen(answer("HTTP/1.0 200 OK\r\n\r\nuntil close", "end"));
  using transport = testTransport({ keepAlive: true });
  const response = await within(fetchAll(transport, requestOf(server.url)));
  expect(response).toMatchObject({ head: { httpVersion: "1.0" }, text: "until close" });
});

test("a HEAD response has no body, whatever its headers say", async () => {
  const head = `${HEAD}Content-Length: 20\r\nContent-Encoding: gzip\r\n\r\n`;
  await using server = await listen(answer(head));
  using transport = testTransport();
  const request = requestOf(server.url, { method: "HEAD" });
  expect(await within(fetchAll(transport, request))).toMatchObject({ text: "" });
});

test("header values are read as UTF-8, else as Latin-1", async () => {
  const head =
    "HTTP/1.1 200 Gr\xc3\xbc\xc3\x9fe\r\nA: \xc3\xa9\r\nB: \xe9\r\nContent-Length: 0\r\n\r\n";
  await using server = await listen(answer(head));
  using transport = testTransport();
  const { head: received } = await within(fetchAll(transport, requestOf(server.url)));
  expect(received.reason).toBe("Grüße");
  expect(received.headers).toEqual([
    ["A", "é"],
    ["B", "é"],
    ["Content-Length", "0"],
  ]);
});

test("trailers are there when the body has ended, apart from the headers", async () => {
  const data = `${HEAD}A: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nT: 1\r\nt: 2\r\n\r\n`;
  await using server = await listen(answer(data));
  using transport = testTransport();
  const response = await within(fetchAll(transport, requestOf(server.url)));
  expect(response.body.trailers()).toEqual([
    ["T", "1"],
    ["t", "2"],
  ]);
  expect(response.head.headers).toHaveLength(2);
});

test("a body that is not the gzip it says is BODY_ENCODING", async () => {
  const data = `${HEAD}Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nhi`;
  await using server = await listen(answer(data));
  using transport = testTransport();
  const error = await failure(fetchAll(transport, requestOf(server.url)));
  expect(error).toMatchObject({ code: "BODY_ENCODING" });
});

test("a hint names https when a port speaks TLS", async () => {
  await using server = await listen(answer("\x15\x03\x01\x00\x02\x02\x46", "end"));
  using transport = testTransport();
  const { hint } = await failure(fetchAll(transport, requestOf(server.url)));
  expect(hint).toContain("https://");
});
