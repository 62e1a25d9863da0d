import { expect, test } from "bun:test";
import * as zlib from "node:zlib";
import { concatBytes, utf8 } from "../../../lib/base/bytes.ts";
import type { HeaderList } from "../../../lib/http/headers.ts";
import type { ResponseBody } from "../../../lib/http/exchange.ts";
import { codingsOf, decodeBody } from "../../../lib/transport/decode.ts";
import type { WireLimits } from "../../../lib/transport/wire.ts";
import { ZstdFrames } from "../../../lib/transport/zstd-frames.ts";
import { failure, requestOf, within } from "../../support/wire.ts";

const TEXT = "weir ".repeat(5000);
const CODERS = {
  gzip: zlib.gzipSync,
  "x-gzip": zlib.gzipSync,
  "X-GZip": zlib.gzipSync,
  br: zlib.brotliCompressSync,
  zstd: zlib.zstdCompressSync,
  deflate: zlib.deflateSync,
} as const;

interface Options {
  readonly headers: HeaderList;
  readonly isDecoded?: boolean;
  readonly limits?: WireLimits;
}

function decode(
  chunks: AsyncIterable<Uint8Array>,
  { headers, isDecoded = true, limits = {} }: Options,
) {
  const facts = { isCancelled: false };
  let wireBytes = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      wireBytes += chunk.byteLength;
      yield chunk;
    }
  }
  const body: ResponseBody = {
    chunks: counted(),
    trailers: () => [],
    counts: () => ({ wireBytes, decodedBytes: wireBytes }),
    cancel: () => (facts.isCancelled = true),
  };
  const head = { status: 200, reason: "", httpVersion: "1.1", headers };
  const connection = { address: "", port: 0, isReused: false };
  const request = requestOf("http://a.test", { isDecoded, limits });
  return { facts, decoded: decodeBody({ head, body, timings: {}, connection }, request) };
}

/** Yields `bytes` in pieces of `size`. */
async function* pieces(bytes: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

async function read(body: ResponseBody): Promise<string> {
  return new TextDecoder().decode(concatBytes(await within(Array.fromAsync(body.chunks))));
}

function coded(coding: string): HeaderList {
  return [["Content-Encoding", coding]];
}

test.each(Object.entries(CODERS))("%s is undone, whatever the chunks", async (coding, code) => {
  const bytes = code(Buffer.from(TEXT));
  for (const size of [1, 7, 100_000]) {
    const { decoded } = decode(pieces(bytes, size), { headers: coded(coding) });
    expect(await read(decoded)).toBe(TEXT);
    expect(decoded.counts()).toEqual({
      wireBytes: bytes.byteLength,
      decodedBytes: TEXT.length,
    });
  }
});

test("raw deflate is undone too", async () => {
  const bytes = zlib.deflateRawSync(TEXT);
  const { decoded } = decode(pieces(bytes, 1), { headers: coded("deflate") });
  expect(await read(decoded)).toBe(TEXT);
});

test.each([
  { name: "in one header", headers: coded("gzip, br") },
  { name: "over two headers", headers: [...coded("gzip"), ...coded("br")] },
  { name: "with identity between", headers: coded("gzip, identity ,, br") },
])("several codings are undone in reverse: $name", async ({ headers }) => {
  const bytes = zlib.brotliCompressSync(zlib.gzipSync(TEXT));
  expect(await read(decode(pieces(bytes), { headers }).decoded)).toBe(TEXT);
});

test.each([
  { name: "an unknown coding", coding: "compress", isDecoded: true },
  { name: "an unknown coding among known ones", coding: "gzip, pack200", isDecoded: true },
  { name: "a name of Object", coding: "constructor", isDecoded: true },
  { name: "a body that is not to be decoded", coding: "gzip", isDecoded: false },
])("$name leaves the bytes as they are", async ({ coding, isDecoded }) => {
  const { decoded } = decode(pieces(utf8("as is")), { headers: coded(coding), isDecoded });
  expect(await read(decoded)).toBe("as is");
});

test("more than three codings are refused, and the body cancelled", async () => {
  const { decoded, facts } = decode(pieces(utf8("x")), { headers: coded("br,br,br,br") });
  expect((await failure(read(decoded))).code).toBe("BODY_ENCODING");
  expect(facts.isCancelled).toBe(true);
  expect(codingsOf(coded("br,br,br"), { host: "a.test", port: 80 })).toHaveLength(3);
});

test.each(["gzip", "br", "zstd", "deflate"])("an empty body needs no %s", async (coding) => {
  expect(await read(decode(pieces(utf8("")), { headers: coded(coding) }).decoded)).toBe("");
});

test.each(["gzip", "br", "zstd", "deflate"] as const)(
  "%s that is cut is BODY_ENCODING",
  async (coding) => {
    const bytes = CODERS[coding](Buffer.from(Bun.randomUUIDv7().repeat(500)));
    for (const keep of [1, bytes.byteLength >> 1, bytes.byteLength - 1]) {
      const { decoded } = decode(pieces(bytes.subarray(0, keep)), { headers: coded(coding) });
      expect(await failure(read(decoded))).toMatchObject({ code: "BODY_ENCODING" });
    }
  },
);

test.each(["gzip", "br", "zstd", "deflate"])(
  "garbage under %s is BODY_ENCODING",
  async (coding) => {
    const { decoded } = decode(pieces(utf8("this is no compressed data at all")), {
      headers: coded(coding),
    });
    expect(await failure(read(decoded))).toMatchObject({
      code: "BODY_ENCODING",
      details: { coding, host: "a.test", port: 80 },
    });
  },
);

test("zstd in several frames, skippable ones among them, is known to be whole", () => {
  const skippable = Uint8Array.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
  const empty = Uint8Array.from([0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]);
  const small = zlib.zstdCompressSync("small");
  const large = zlib.zstdCompressSync(crypto.getRandomValues(new Uint8Array(2000)), {
    params: { [zlib.constants.ZSTD_c_checksumFlag]: 1 },
  });
  const zeros = zlib.zstdCompressSync(new Uint8Array(1_000_000));
  const parts = [small, skippable, large, empty, zeros];
  const bytes = concatBytes(parts);
  for (const size of [1, 5, bytes.byteLength]) {
    const frames = new ZstdFrames();
    const ends = new Set(parts.map((_, at) => concatBytes(parts.slice(0, at + 1)).byteLength));
    for (let at = 0; at < bytes.byteLength; at += size) {
      frames.push(bytes.subarray(at, at + size));
      const end = Math.min(at + size, bytes.byteLength);
      expect(frames.isComplete).toBe(ends.has(end));
    }
  }
});

test("two gzip members in a row are one body", async () => {
  const bytes = concatBytes([zlib.gzipSync("one "), zlib.gzipSync("two")]);
  expect(await read(decode(pieces(bytes), { headers: coded("gzip") }).decoded)).toBe("one two");
});

test("a failure of the wire stays that failure", async () => {
  const { WeirError } = await import("../../../lib/base/errors.ts");
  async function* cut(): AsyncGenerator<Uint8Array> {
    yield zlib.gzipSync(TEXT).subarray(0, 20);
    throw new WeirError("NET_TRUNCATED", "Cut");
  }
  const { decoded } = decode(cut(), { headers: coded("gzip") });
  expect((await failure(read(decoded))).code).toBe("NET_TRUNCATED");
});

test.each(["gzip", "br", "zstd"] as const)("a %s bomb is stopped at the cap", async (coding) => {
  const bomb = CODERS[coding](new Uint8Array(64 * 1024 * 1024));
  const { decoded, facts } = decode(pieces(bomb, 16_384), {
    headers: coded(coding),
    limits: { decodedCapBytes: 1_000_000 },
  });
  let seen = 0;
  const reading = (async () => {
    for await (const chunk of decoded.chunks) seen += chunk.byteLength;
  })();
  expect((await failure(reading)).code).toBe("BODY_TOO_LARGE");
  expect(seen).toBe(1_000_000);
  expect(facts.isCancelled).toBe(true);
});

test("what was decoded so far is handed on before the body ends", async () => {
  const gzip = zlib.createGzip();
  const parts: Uint8Array[] = [];
  gzip.on("data", (chunk: Buffer) => parts.push(chunk));
  gzip.write("event 1\n");
  await new Promise<void>((resolve) => gzip.flush(() => resolve()));
  async function* live(): AsyncGenerator<Uint8Array> {
    yield concatBytes(parts);
    await new Promise(() => undefined);
  }
  const { decoded } = decode(live(), { headers: coded("gzip") });
  const { value } = await within(decoded.chunks[Symbol.asyncIterator]().next());
  expect(new TextDecoder().decode(value)).toBe("event 1\n");
});

test("leaving the loop does not wait for a server that is silent", async () => {
  const never = Promise.withResolvers<void>();
  async function* live(): AsyncGenerator<Uint8Array> {
    yield zlib.gzipSync(TEXT);
    await never.promise;
  }
  const { decoded, facts } = decode(live(), { headers: coded("gzip") });
  await within(
    (async () => {
      for await (const _chunk of decoded.chunks) break;
    })(),
  );
  expect(facts.isCancelled).toBe(true);
});

test("leaving the loop cancels the body", async () => {
  const { decoded, facts } = decode(pieces(zlib.gzipSync(TEXT)), { headers: coded("gzip") });
  for await (const _chunk of decoded.chunks) break;
  expect(facts.isCancelled).toBe(true);
});
