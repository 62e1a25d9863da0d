import { expect, test } from "bun:test";
import { createEngine } from "../../../lib/hooks/child/engine.ts";
import { buildSnapshot } from "../../../lib/hooks/child/instance.ts";
import { decodeSnapshot, restore, snapshotOf } from "../../../lib/hooks/child/snapshot.ts";
import { FrameReader } from "../../../lib/hooks/frames.ts";
import { isolatedBinary } from "../../support/targets.ts";

// The engine of the compiled binary goes on from memory that the build wrote down. What plugins do in
// it is tested by all tests of this folder, run with WEIR_CHILD=binary.

const bytes = await buildSnapshot();
const snapshot = decodeSnapshot(bytes);

test("the child of the compiled binary goes on from the snapshot", async () => {
  const child = Bun.spawn([isolatedBinary(), "__sandbox", "64"], { stdin: "pipe", env: {} });
  const reader = new FrameReader("child");
  for await (const chunk of child.stdout) {
    const [hello] = reader.push(chunk);
    if (hello === undefined) continue;
    expect([hello.kind, hello.json]).toEqual(["hello", '{"isRestored":true}']);
    break;
  }
  child.kill();
});

test.each([1, 64, 256])("an engine of %d MB goes on from the same snapshot", async (memoryMb) => {
  const engine = await createEngine(memoryMb, snapshot);
  expect(engine.snapshot).toBe(snapshot);
});

test("engines from one snapshot have random numbers of their own", async () => {
  const numbers = [];
  for (let at = 0; at < 4; at += 1) {
    const { context } = await createEngine(64, snapshot);
    const handle = context.unwrapResult(context.evalCode("[Math.random(), Math.random()].join()"));
    numbers.push(context.getString(handle));
  }
  expect(new Set(numbers).size).toBe(4);
});

test("a snapshot of another engine is left alone, and the engine starts anew", async () => {
  const pointers = { ...snapshot.pointers, runtime: snapshot.pointers.runtime + 8 };
  const { context, snapshot: used } = await createEngine(64, { ...snapshot, pointers });
  expect(used).toBeUndefined();
  const handle = context.unwrapResult(context.evalCode("[1, 2].map((one) => one * 2).join()"));
  expect(context.getString(handle)).toBe("2,4");
});

test("an engine that has just started wrote nowhere that the snapshot does not write over", async () => {
  const { memory } = await createEngine(64);
  const written = new Uint8Array(memory.buffer);
  for (const [start, length] of snapshot.blocks) written.fill(0, start, start + length);
  expect(written.findIndex((byte) => byte !== 0)).toBe(-1);
});

test("every build makes the same snapshot but for the seed", async () => {
  const again = decodeSnapshot(await buildSnapshot());
  const memories = [snapshot, again].map((one) => {
    const memory = new WebAssembly.Memory({ initial: 256 });
    restore(one, memory);
    const view = new Uint8Array(memory.buffer);
    view.fill(0, one.seedAt, one.seedAt + 8);
    return Bun.hash(view);
  });
  expect(again.pointers).toEqual(snapshot.pointers);
  expect(memories[0]).toBe(memories[1]);
});

test("a snapshot tells nothing of the machine that made it", () => {
  const text = new TextDecoder("latin1").decode(bytes);
  for (const word of [import.meta.dir, process.execPath, process.argv[1] ?? "", "/usr/", "/root"]) {
    expect(text.includes(word)).toBe(false);
  }
});

test("the build stops when two engines differ in more than their seed", async () => {
  const one = await createEngine(64);
  const other = await createEngine(64);
  other.context.unwrapResult(other.context.evalCode("globalThis.more = 'more'"));
  expect(() => snapshotOf(snapshot.pointers, one.memory, other.memory)).toThrow(
    /not in their seed/,
  );
});
