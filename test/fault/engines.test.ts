import { expect, test } from "bun:test";
import type { Socket } from "node:net";
import fc from "fast-check";
import { collectBytes } from "../../lib/base/bytes.ts";
import { WeirError } from "../../lib/base/errors.ts";
import type { Transport } from "../../lib/transport/wire.ts";
import { listen, onRequest, requestOf, testTransport, within } from "../support/wire.ts";

// The two engines read random responses, right and wrong ones, cut into random packets. Whatever
// the one makes of it, the other one has to make of it as well.

/** Mostly what is right: else hardly a response would get past its head. */
function mostly(right: readonly string[], wrong: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...right) },
    { weight: 1, arbitrary: fc.constantFrom(...wrong) },
  );
}

const startLine = mostly(
  [
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.0 200 OK\r\n",
    "HTTP/1.1 204 No Content\r\n",
    "HTTP/1.1 304 Not Modified\r\n",
    "HTTP/1.1 404 \r\n",
    "HTTP/1.1 200\r\n",
    "HTTP/1.1 999 Odd\xe9\r\n",
    "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n",
    "HTTP/1.1 101 Switching\r\n",
    "\r\nHTTP/1.1 200 OK\r\n",
  ],
  ["HTTP/1.1 20 OK\r\n", "HTTP/2.0 200 OK\r\n", "HTTP/1.1 200 OK\n", "SSH-2.0\r\n"],
);
const interim = fc.constantFrom(
  "",
  "",
  "",
  "HTTP/1.1 100 Continue\r\n\r\n",
  "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n",
  "HTTP/1.1 102 P\r\nContent-Length: 3\r\n\r\n",
);
const header = mostly(
  [
    "Connection: close\r\n",
    "Connection: keep-alive\r\n",
    "Connection: upgrade\r\nUpgrade: h2c\r\n",
    "X-A: 1\r\nX-a: 2\r\n",
    "X-Empty:\r\n",
    "X-Utf: \xc3\xa9\r\n",
    "X-Latin: \xe9\r\n",
    "X-Tab:\t a\tb \r\n",
  ],
  [
    "Content-Length: 5\r\n",
    "Transfer-Encoding: chunked\r\n",
    "X Bad: 1\r\n",
    "X-Nul: \0\r\n",
    " folded\r\n",
    "no colon\r\n",
  ],
);
const framing = mostly(
  [
    "",
    "Content-Length: 5\r\n",
    "Content-Length: 0\r\n",
    "Content-Length: 50\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
  ],
  [
    "Content-Length: 5, 5\r\n",
    "Content-Length: +5\r\n",
    "Transfer-Encoding: chunked, identity\r\n",
    "Transfer-Encoding: x\r\n",
  ],
);
const piece = fc.constantFrom(
  "hello",
  "5\r\nhello\r\n",
  "5;x=y\r\nhello\r\n",
  "0\r\n\r\n",
  "0\r\nT: 1\r\n\r\n",
  "A\r\nhello\r\n",
  "\r\n",
  "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
  "junk",
);
const response = fc.record({
  interim,
  startLine,
  framing,
  headers: fc.array(header, { maxLength: 3 }),
  blank: mostly(["\r\n"], ["\n", ""]),
  pieces: fc.array(piece, { maxLength: 4 }),
  method: fc.constantFrom("GET", "GET", "GET", "HEAD", "CONNECT", "PURGE"),
  cuts: fc.array(fc.nat({ max: 300 }), { maxLength: 4 }),
});

function packets(text: string, cuts: readonly number[]): readonly string[] {
  const at = [0, ...cuts.filter((cut) => cut < text.length).sort((a, b) => a - b), text.length];
  return at.slice(1).map((end, index) => text.slice(at[index], end));
}

/** Sends each packet in a turn of the event loop of its own, then closes. */
function sendPackets(socket: Socket, [first, ...rest]: readonly string[]): void {
  if (first === undefined) {
    socket.end();
    return;
  }
  socket.write(Buffer.from(first, "latin1"));
  setImmediate(() => sendPackets(socket, rest));
}

async function outcome(transport: Transport, url: string, method: string): Promise<unknown> {
  let status = 0;
  try {
    const request = requestOf(url, { method });
    const { head, body } = await within(transport.send(request));
    status = head.status;
    const bytes = await within(collectBytes(body.chunks));
    return { head, bytes, trailers: body.trailers(), counts: body.counts() };
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    return { status, code: error.code, message: error.message, hint: error.hint };
  }
}

test("both engines read any response in the same way", async () => {
  let script: readonly string[] = [];
  await using server = await listen((socket) => {
    onRequest(socket, () => sendPackets(socket, script));
  });
  using node = testTransport({ keepAlive: true, engine: "node" });
  using direct = testTransport({ keepAlive: true, engine: "direct" });
  await fc.assert(
    fc.asyncProperty(response, async (parts) => {
      const { headers, blank, pieces, cuts, method } = parts;
      const head = [parts.interim, parts.startLine, parts.framing, ...headers, blank];
      script = packets([...head, ...pieces].join(""), cuts);
      const one = await outcome(node, server.url, method);
      const other = await outcome(direct, server.url, method);
      expect(other).toEqual(one);
    }),
    { numRuns: Number(process.env["WEIR_FUZZ_RUNS"] ?? 300) },
  );
}, 600_000);
