import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Socket } from "node:net";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import * as zlib from "node:zlib";
import { forgetPeak, holdings, type Serving, startServing } from "../support/serving.ts";
import { eventually, listen, onRequest, type WireServer, within } from "../support/wire.ts";

// A server that an allowlist lets through may still mean harm. The compiled binary is measured from
// outside: what it answers, how long it takes, how much memory it grows by, whether it hangs up.

const MIB = 1024 * 1024;
/** Decoded size of the bombs. */
const BOMB_BYTES = 300 * MIB;
const CAP_BYTES = 1_000_000;
const TIMEOUT_SECONDS = 2;
const GROWTH_LIMIT_MIB = 30;

const POLICY = `
[http_request]
enabled = true
allowed_domains = ["127.0.0.1:*"]
max_response_size = ${CAP_BYTES}
timeout_secs = ${TIMEOUT_SECONDS}
`;

type Attack = (socket: Socket) => void;

async function bomb(encoder: NodeJS.ReadWriteStream): Promise<Buffer> {
  const block = Buffer.alloc(MIB);
  const parts: Buffer[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      parts.push(Buffer.from(chunk));
      done();
    },
  });
  const zeros = function* (): Generator<Buffer> {
    for (let sent = 0; sent < BOMB_BYTES; sent += MIB) yield block;
  };
  await pipeline(zeros, encoder, sink);
  return Buffer.concat(parts);
}

/** Sends `head`, then `piece` for as long as anybody takes it. */
function endless(head: string | Uint8Array, piece: Uint8Array): Attack {
  return (socket) => {
    socket.write(head);
    const more = (): void => {
      while (!socket.destroyed) if (!socket.write(piece)) return void socket.once("drain", more);
    };
    more();
  };
}

/** Sends `head`, then a byte a second. */
function drip(head: string, byte: string): Attack {
  return (socket) => {
    socket.write(head);
    const timer = setInterval(() => socket.write(byte), 1000);
    socket.on("close", () => clearInterval(timer));
  };
}

const bytes = (text: string, times: number): Buffer => Buffer.from(text.repeat(times));
const OK = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";

const bombs = new Map<string, Buffer>();

function encoded(coding: string): Attack {
  return (socket) => {
    const body = bombs.get(coding) ?? Buffer.alloc(0);
    // One byte short, so that nothing but a hang-up ends it.
    const length = body.byteLength + 1;
    socket.write(`${OK}Content-Encoding: ${coding}\r\nContent-Length: ${length}\r\n\r\n`);
    socket.write(body);
  };
}

/** A gzip member that is nothing but empty blocks: bytes for ever, and none decoded. */
const GZIP_HEAD = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
const EMPTY_BLOCKS = Buffer.from("000000ffff".repeat(10_000), "hex");
/** Zstandard frames that are skipped. */
const SKIPPED = Buffer.from(`502a4d18e8030000${"00".repeat(1000)}`.repeat(50), "hex");

function endlessCoded(coding: string, start: Buffer, piece: Buffer): Attack {
  const head = Buffer.from(`${OK}Content-Encoding: ${coding}\r\n\r\n`);
  return endless(Buffer.concat([head, start]), piece);
}

let attack: Attack = () => undefined;
let server: WireServer;
let agent: Serving;

beforeAll(async () => {
  const level = { level: 9 };
  for (const [coding, encoder] of [
    ["gzip", zlib.createGzip(level)],
    ["deflate", zlib.createDeflate(level)],
    ["br", zlib.createBrotliCompress({ params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 5 } })],
    ["zstd", zlib.createZstdCompress()],
  ] as const) {
    bombs.set(coding, await bomb(encoder));
  }
  bombs.set("gzip, gzip", zlib.gzipSync(bombs.get("gzip") ?? ""));
  server = await listen((socket) => onRequest(socket, () => attack(socket)));
  agent = startServing({ policy: POLICY });
  // Every decoder is loaded once, so that what grows later is the attack.
  for (const coding of bombs.keys()) {
    attack = encoded(coding);
    await agent.call(`${server.url}/warm`);
  }
}, 60_000);

afterAll(async () => {
  await agent[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

/** What may come of an attack. */
type Want = string;

const ATTACKS: readonly { name: string; attack: Attack; want: Want }[] = [
  { name: "gzip that decodes to 300 MiB", attack: encoded("gzip"), want: "truncated" },
  { name: "deflate that decodes to 300 MiB", attack: encoded("deflate"), want: "truncated" },
  { name: "br that decodes to 300 MiB", attack: encoded("br"), want: "truncated" },
  { name: "zstd that decodes to 300 MiB", attack: encoded("zstd"), want: "truncated" },
  { name: "gzip in gzip", attack: encoded("gzip, gzip"), want: "BODY_ENCODING" },
  {
    name: "gzip of empty blocks without end",
    attack: endlessCoded("gzip", GZIP_HEAD, EMPTY_BLOCKS),
    want: "BODY_TOO_LARGE",
  },
  {
    name: "zstd of skipped frames without end",
    attack: endlessCoded("zstd", Buffer.alloc(0), SKIPPED),
    want: "BODY_TOO_LARGE",
  },
  {
    name: "a body without end",
    attack: endless(`${OK}\r\n`, bytes("endless ", 8192)),
    want: "truncated",
  },
  {
    name: "chunks without end",
    attack: endless(`${OK}Transfer-Encoding: chunked\r\n\r\n`, bytes("1\r\nx\r\n", 10_000)),
    want: "truncated",
  },
  {
    name: "a chunk extension without end",
    attack: endless(`${OK}Transfer-Encoding: chunked\r\n\r\n1;`, bytes("extension", 8192)),
    want: "NET_PROTOCOL",
  },
  {
    name: "a header value without end",
    attack: endless(`${OK}X-Long: `, bytes("x", 65_536)),
    want: "NET_HEADERS_TOO_LARGE",
  },
  {
    name: "100 MiB of header lines",
    attack: endless(OK, bytes(`X-Line: ${"y".repeat(90)}\r\n`, 1000)),
    want: "NET_HEADERS_TOO_LARGE",
  },
  {
    name: "tiny header lines without end",
    attack: endless(OK, bytes("a:\r\n", 16_384)),
    want: "NET_HEADERS_TOO_LARGE",
  },
  {
    name: "a status line without end",
    attack: endless("HTTP/1.1 200 ", bytes("OK", 32_768)),
    want: "NET_HEADERS_TOO_LARGE",
  },
  {
    name: "trailers without end",
    attack: endless(
      `${OK}Transfer-Encoding: chunked\r\n\r\n0\r\n`,
      bytes(`X-Line: ${"y".repeat(90)}\r\n`, 1000),
    ),
    want: "NET_HEADERS_TOO_LARGE",
  },
  {
    name: "informational responses without end",
    attack: endless("", bytes("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", 1000)),
    want: "NET_PROTOCOL",
  },
  {
    name: "redirects without end, each with a body without end",
    attack: endless("HTTP/1.1 302 Found\r\nLocation: /on\r\n\r\n", bytes("endless ", 8192)),
    want: "POLICY_REDIRECT",
  },
  { name: "a body of a byte a second", attack: drip(`${OK}\r\n`, "x"), want: "TIMEOUT_TOTAL" },
  { name: "a head of a byte a second", attack: drip("HTTP/1.1 2", "0"), want: "TIMEOUT_TOTAL" },
  {
    name: "a chunk size of a byte a second",
    attack: drip(`${OK}Transfer-Encoding: chunked\r\n\r\n`, "0"),
    want: "TIMEOUT_TOTAL",
  },
  { name: "nothing at all", attack: () => undefined, want: "TIMEOUT_TOTAL" },
];

describe("weir agent serve outlives", () => {
  test.each(ATTACKS)("$name", async ({ attack: chosen, want }) => {
    attack = chosen;
    const before = holdings(agent.pid);
    forgetPeak(agent.pid);
    const startedMs = performance.now();
    const envelope = await agent.call(`${server.url}/attack`);
    const durationMs = performance.now() - startedMs;
    const after = holdings(agent.pid);
    if (envelope.success) {
      expect(want).toBe("truncated");
      expect(envelope.meta).toMatchObject({ truncated: true, bytes: CAP_BYTES });
    } else {
      expect(envelope).toMatchObject({ code: want });
    }
    expect(durationMs).toBeLessThan((TIMEOUT_SECONDS + 1) * 1000);
    expect(after.peakMib - before.rssMib).toBeLessThan(GROWTH_LIMIT_MIB);
    await within(server.allClosed());
  });

  test("and still answers, with the descriptors it had", async () => {
    attack = (socket) => void socket.end(`${OK}Content-Length: 2\r\n\r\nhi`);
    const { descriptors } = holdings(agent.pid);
    expect(await agent.call(`${server.url}/fine`)).toMatchObject({ success: true });
    await eventually(() => holdings(agent.pid).descriptors <= descriptors);
    expect(agent.otherLines).toEqual([]);
  });
});
