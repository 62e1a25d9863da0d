import { expect, test } from "bun:test";
import { collectBytes } from "../../../lib/base/bytes.ts";
import { WeirError } from "../../../lib/base/errors.ts";
import type { ResponseBody } from "../../../lib/http/exchange.ts";
import { replayBody } from "../../../lib/http/replay-body.ts";
import { bodyOf } from "../../support/drafts.ts";
import { failure } from "../../support/wire.ts";

async function textOf({ chunks }: ResponseBody): Promise<string> {
  return new TextDecoder().decode(await collectBytes(chunks));
}

/** Reads `count` chunks and stops. */
async function readSome({ chunks }: ResponseBody, count: number): Promise<void> {
  let left = count;
  for await (const _ of chunks) {
    left -= 1;
    if (left === 0) return;
  }
}

const LONG = "x".repeat(5000);

test.each([
  { name: "small pieces", texts: ["a", "b", "c"] },
  { name: "large ones", texts: [LONG, LONG] },
  { name: "small between large", texts: [LONG, "a", "b", LONG, "c"] },
  {
    name: "more small ones than one block takes",
    texts: Array.from({ length: 9 }, () => "y".repeat(4000)),
  },
  { name: "empty ones", texts: ["", "a", "", "b"] },
  { name: "nothing", texts: [] },
])("replayBody() gives $name again and again, and whole at last", async ({ texts }) => {
  for (const looked of [0, 1, 2, 3]) {
    const replay = replayBody(bodyOf(...texts));
    for (let at = 0; at < looked; at += 1) await readSome(replay.body, at + 1);
    if (looked > 1) expect(await textOf(replay.body)).toBe(texts.join(""));
    expect(await textOf(replay.rest())).toBe(texts.join(""));
  }
});

test("replayBody() hands on the same body when nobody has looked", () => {
  const body = bodyOf("a");
  expect(replayBody(body).rest()).toBe(body);
});

test("replayBody() serves readers that read at once", async () => {
  const replay = replayBody(bodyOf("a", LONG, "b"));
  const texts = await Promise.all([textOf(replay.body), textOf(replay.body)]);
  expect(texts).toEqual([`a${LONG}b`, `a${LONG}b`]);
});

test("replayBody() repeats a failure where it happened", async () => {
  const source: ResponseBody = {
    ...bodyOf(),
    chunks: (async function* chunks() {
      yield new Uint8Array([1]);
      throw new WeirError("NET_TRUNCATED", "Cut");
    })(),
  };
  const replay = replayBody(source);
  expect((await failure(textOf(replay.body))).code).toBe("NET_TRUNCATED");
  const seen: number[] = [];
  const reading = (async () => {
    for await (const chunk of replay.rest().chunks) seen.push(...chunk);
  })();
  expect((await failure(reading)).code).toBe("NET_TRUNCATED");
  expect(seen).toEqual([1]);
});

test("replayBody() takes nothing from the next reader for one that still reads", async () => {
  const gate = Promise.withResolvers<void>();
  const source: ResponseBody = {
    ...bodyOf(),
    chunks: (async function* chunks() {
      yield new Uint8Array([1]);
      await gate.promise;
      yield new Uint8Array([2]);
      yield new Uint8Array([3]);
    })(),
  };
  const replay = replayBody(source);
  const given = failure(textOf(replay.body));
  await Promise.resolve();
  const rest = collectBytes(replay.rest().chunks);
  gate.resolve();
  expect([...(await rest)]).toEqual([1, 2, 3]);
  expect((await given).code).toBe("CANCELLED");
});

test("replayBody() does not hold single bytes apart", async () => {
  const count = 200_000;
  const byte = new Uint8Array([7]);
  const source: ResponseBody = {
    ...bodyOf(),
    chunks: (async function* chunks() {
      for (let at = 0; at < count; at += 1) yield byte;
    })(),
  };
  const replay = replayBody(source);
  await collectBytes(replay.body.chunks);
  let pieces = 0;
  let bytes = 0;
  for await (const chunk of replay.rest().chunks) {
    pieces += 1;
    bytes += chunk.byteLength;
  }
  expect(bytes).toBe(count);
  expect(pieces).toBe(Math.ceil(count / (16 * 1024)));
});

test("replayBody() takes a body that is all there at once, and keeps it to be read again", async () => {
  const source = bodyOf("whole");
  const left = [new TextEncoder().encode("whole")];
  const chunks = {
    [Symbol.asyncIterator]: () => source.chunks[Symbol.asyncIterator](),
    takeWhole: () => left.shift(),
  };
  const replay = replayBody({ ...source, chunks });
  const taken = [1, 2].map(() => new TextDecoder().decode(replay.body.chunks.takeWhole?.()));
  expect(taken).toEqual(["whole", "whole"]);
  await readSome(replay.body, 1);
  expect(await textOf(replay.rest())).toBe("whole");
});

test("replayBody() tells every reader of a failure to take a body at once", async () => {
  const source = bodyOf();
  const failed = new WeirError("BODY_TOO_LARGE", "Too large");
  const chunks = {
    [Symbol.asyncIterator]: () => source.chunks[Symbol.asyncIterator](),
    takeWhole: () => {
      throw failed;
    },
  };
  const replay = replayBody({ ...source, chunks });
  expect(replay.body.chunks.takeWhole?.()).toBeUndefined();
  expect(await failure(textOf(replay.body))).toBe(failed);
  expect(await failure(textOf(replay.rest()))).toBe(failed);
});
