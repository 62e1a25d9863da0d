import { once } from "node:events";
import type { Writable } from "node:stream";
import * as zlib from "node:zlib";
import type { Play, Responder } from "./agent-world.ts";
import type { CaseResponse, SsrfCase } from "./ssrf-cases.ts";

/** Returns the answer with this status line and header lines, and its length. */
export function httpAnswer(
  status: string,
  headers: Readonly<Record<string, string>> = {},
  body: string | Uint8Array = "",
): Uint8Array {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const hasLength = Object.keys(headers).some((name) => /^(?:content-length|transfer)/i.test(name));
  const length = hasLength ? "" : `content-length: ${bytes.byteLength}\r\n`;
  return Buffer.concat([
    Buffer.from(`HTTP/1.1 ${status}\r\n${lines.join("")}${length}\r\n`),
    bytes,
  ]);
}

/** Returns `count` letters, coded; made in pieces, so that a bomb never lies in memory whole. */
async function coded(encoding: string, count: number): Promise<Uint8Array> {
  if (encoding === "gzip, gzip") return zlib.gzipSync(zlib.gzipSync("a".repeat(count)));
  const coder: Writable & AsyncIterable<Uint8Array> =
    encoding === "br"
      ? zlib.createBrotliCompress({ params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } })
      : zlib.createGzip({ level: 9 });
  const chunk = Buffer.alloc(1_000_000, "a");
  const collected = (async () => {
    const parts: Uint8Array[] = [];
    for await (const part of coder) parts.push(part);
    return Buffer.concat(parts);
  })();
  for (let left = count; left > 0; left -= chunk.byteLength) {
    if (!coder.write(chunk.subarray(0, Math.min(left, chunk.byteLength))))
      await once(coder, "drain");
  }
  coder.end();
  return await collected;
}

/** Writes letters until the other side has gone. */
async function pour({ socket }: Responder): Promise<void> {
  socket.write("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n");
  const chunk = Buffer.from(`10000\r\n${"a".repeat(65_536)}\r\n`);
  const closed = once(socket, "close");
  while (!socket.destroyed) {
    if (!socket.write(chunk)) await Promise.race([once(socket, "drain"), closed]);
  }
}

function drip({ socket }: Responder): void {
  socket.write("HTTP/1.1 200 OK\r\n");
  const timer = setInterval(() => socket.write("x-a: b\r\n"), 5);
  socket.on("close", () => clearInterval(timer));
}

/** Returns what a server does that answers every request like this. */
async function playResponse(response: CaseResponse): Promise<Play> {
  const { raw, body, encoding, headers } = response;
  if (raw !== undefined) return () => raw;
  if (response.accept_only === true) return () => undefined;
  if (headers === "drip") return (_arrival, responder) => drip(responder);
  if (body === "infinite") return (_arrival, responder) => pour(responder);
  if (response.status === 101) return () => httpAnswer("101 Switching Protocols");
  if (response.header_bytes !== undefined) {
    const answer = httpAnswer("200 OK", { "x-long": "a".repeat(response.header_bytes) });
    return () => answer;
  }
  const type = { "content-type": response.content_type ?? "text/plain" };
  if (encoding !== undefined) {
    const bytes = await coded(encoding, response.decoded_bytes ?? 0);
    return () => httpAnswer("200 OK", { ...type, "content-encoding": encoding }, bytes);
  }
  if (response.content_length !== undefined) {
    const length = { "content-length": String(response.content_length) };
    return (_arrival, responder) => {
      responder.write(httpAnswer("200 OK", { ...type, ...length }, body));
      responder.end();
    };
  }
  const text = body ?? "a".repeat(response.body_bytes ?? 0);
  return () => httpAnswer("200 OK", { ...type, ...headers }, text);
}

/** Returns what the servers of a case do: its hops one after the other, or its response. */
export async function playOf(row: SsrfCase): Promise<Play> {
  if (row.response !== undefined) return await playResponse(row.response);
  let asked = 0;
  return () => {
    const hop = row.hops?.[asked++];
    if (hop === undefined) return httpAnswer("200 OK", { "content-type": "text/plain" }, "ok");
    return httpAnswer(`${hop.status} Case`, hop.headers ?? {});
  };
}
