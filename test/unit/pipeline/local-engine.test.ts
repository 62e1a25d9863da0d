import { expect, test } from "bun:test";
import { collectBytes, utf8 } from "../../../lib/base/bytes.ts";
import type { Engine } from "../../../lib/pipeline/engine.ts";
import { createLocalEngine } from "../../../lib/pipeline/local-engine.ts";
import { createMemoryJournal } from "../../../lib/pipeline/memory-journal.ts";
import { fakeClock } from "../../support/fake-clock.ts";

const OK = { status: "ok", result: null } as const;

function engineOf(capacity: number, clock = fakeClock()): Engine<string, null> {
  return createLocalEngine<string, null>({ clock, capacity });
}

/** Says whether a promise is settled once everything that is due has run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  promise.then(
    () => (settled = true),
    () => (settled = true),
  );
  await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

test("a full engine holds up who adds to it, until an item is taken", async () => {
  const engine = engineOf(2);
  await engine.enqueue("a");
  const second = engine.enqueue("b");
  expect(await isSettled(second)).toBe(false);
  expect(await engine.lease()).toEqual({ index: 0, item: "a" });
  expect(await isSettled(second)).toBe(true);
});

test("items are numbered and handed out in the order they came", async () => {
  const engine = engineOf(5000);
  const items = Array.from({ length: 4000 }, (_, index) => `item ${index}`);
  for (const item of items) await engine.enqueue(item);
  engine.end();
  const leases = [];
  for (let lease = await engine.lease(); lease !== undefined; lease = await engine.lease()) {
    leases.push(lease);
    await engine.settle(lease, OK);
  }
  expect(leases).toEqual(items.map((item, index) => ({ index, item })));
});

test("a worker that waits gets the item that comes, and nothing after the end", async () => {
  const engine = engineOf(2);
  const [first, second] = [engine.lease(), engine.lease()];
  await engine.enqueue("a");
  expect(await first).toEqual({ index: 0, item: "a" });
  engine.end();
  // The first one may still be put off, and then somebody has to be there.
  expect(await isSettled(second)).toBe(false);
  await engine.settle({ index: 0, item: "a" }, OK);
  expect(await second).toBeUndefined();
});

test("an item that is put off is handed out again when its time is over", async () => {
  const clock = fakeClock();
  const engine = engineOf(2, clock);
  await engine.enqueue("a");
  engine.end();
  const lease = await engine.lease();
  if (lease === undefined) throw new Error("no item");
  await engine.defer(lease, 1500);
  const again = engine.lease();
  clock.advance(1499);
  expect(await isSettled(again)).toBe(false);
  clock.advance(1);
  expect(await again).toEqual({ index: 0, item: "a" });
});

test("a closed engine hands out nothing and holds up nobody", async () => {
  const clock = fakeClock();
  const engine = engineOf(1, clock);
  const full = engine.enqueue("a");
  const lease = await engine.lease();
  if (lease === undefined) throw new Error("no item");
  const waiting = engine.lease();
  await engine.defer(lease, 10);
  engine.close();
  clock.advance(10);
  await full;
  expect(await waiting).toBeUndefined();
  await engine.enqueue("b");
  expect(await engine.lease()).toBeUndefined();
});

test("a value is created once and changed only by who knows it", async () => {
  const { kv } = engineOf(1);
  expect(await kv.get("run")).toBeUndefined();
  expect(await kv.create("run", "a")).toBe(true);
  expect(await kv.create("run", "b")).toBe(false);
  expect(await kv.update("run", "b", "c")).toBe(false);
  expect(await kv.update("run", "a", "c")).toBe(true);
  expect(await kv.get("run")).toBe("c");
});

test("an object is read as often as wanted", async () => {
  const { objects } = engineOf(1);
  async function* chunks() {
    yield utf8("one ");
    yield utf8("two");
  }
  await objects.put("body", chunks());
  for (let reading = 0; reading < 2; reading += 1) {
    const body = await objects.get("body");
    if (body === undefined) throw new Error("no body");
    expect(new TextDecoder().decode(await collectBytes(body))).toBe("one two");
  }
  expect(await objects.get("other")).toBeUndefined();
});

test("the journal in memory holds what is under way and nothing else", async () => {
  const journal = createMemoryJournal();
  const intent = { step: "a", method: "GET", url: "https://example.test/" };
  const first = await journal.intent({ ...intent, iteration: 0 });
  const second = await journal.intent({ ...intent, iteration: 1 });
  expect(second).not.toBe(first);
  await journal.complete(first, { status: 200 });
  expect(journal.open()).toEqual([{ ...intent, iteration: 1 }]);
  expect(journal.value("id", () => 7)).toBe(7);
});
