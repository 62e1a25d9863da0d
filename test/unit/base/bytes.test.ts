import { describe, expect, test } from "bun:test";
import { ByteQueue, collectBytes, collectUpTo, utf8 } from "../../../lib/base/bytes.ts";

const text = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && new TextDecoder().decode(bytes);

async function* pieces(...parts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield utf8(part);
}

describe("ByteQueue", () => {
  test("hands out what came, in its order, whatever the sizes", () => {
    const queue = new ByteQueue();
    const sizes = [1, 2, 5000, 12_000, 16_384, 1, 16_385, 3, 0, 70_000, 16_383, 1, 1];
    const parts = sizes.map((size, at) => new Uint8Array(size).fill(at));
    for (const part of parts) queue.push(part);
    expect(queue.sizeBytes).toBe(sizes.reduce((sum, size) => sum + size, 0));
    const out: Uint8Array[] = [];
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) out.push(one);
    expect(Buffer.compare(Buffer.concat(out), Buffer.concat(parts))).toBe(0);
    expect(queue.sizeBytes).toBe(0);
  });

  test("joins small pieces", () => {
    const queue = new ByteQueue();
    for (let at = 0; at < 16_384; at++) queue.push(Uint8Array.of(at & 255));
    expect(queue.shift()?.byteLength).toBe(16_384);
    expect(queue.shift()).toBeUndefined();
  });

  test("what was handed out stays as it was", () => {
    const queue = new ByteQueue();
    const first = utf8("one");
    queue.push(first);
    queue.push(utf8("two"));
    const out = queue.shift();
    queue.push(utf8("three"));
    expect([text(out), text(first), text(queue.takeAll())]).toEqual(["onetwo", "one", "three"]);
  });

  test("a piece that stands alone is not copied", () => {
    const queue = new ByteQueue();
    const only = utf8("only");
    queue.push(only);
    expect(queue.takeAll().buffer).toBe(only.buffer);
  });

  test("clear() throws everything away", () => {
    const queue = new ByteQueue();
    for (const size of [70_000, 5]) queue.push(new Uint8Array(size));
    queue.clear();
    expect([queue.sizeBytes, queue.shift()]).toEqual([0, undefined]);
  });
});

test("collectBytes() reads everything", async () => {
  expect(text(await collectBytes(pieces("a", "", "bc")))).toBe("abc");
});

test.each([
  { name: "stops at the cap", cap: 2, want: "ab" },
  { name: "cuts a piece", cap: 4, want: "abcd" },
  { name: "reads all there is below it", cap: 9, want: "abcdef" },
])("collectUpTo() $name", async ({ cap, want }) => {
  expect(text(await collectUpTo(pieces("ab", "cdef"), cap))).toBe(want);
});
