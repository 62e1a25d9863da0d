import { expect, test } from "bun:test";
import type { Address } from "../../../lib/runtime/runtime.ts";
import { connectFirst, interleave } from "../../../lib/transport/connect.ts";
import { fakeClock } from "../../support/fake-clock.ts";

function addresses(...list: string[]): readonly Address[] {
  return list.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
}

test.each([
  {
    name: "families take turns",
    from: ["a:1", "a:2", "1.1", "1.2"],
    to: ["a:1", "1.1", "a:2", "1.2"],
  },
  {
    name: "the resolver's first family stays first",
    from: ["1.1", "1.2", "a:1"],
    to: ["1.1", "a:1", "1.2"],
  },
  { name: "one family keeps its order", from: ["1.2", "1.1"], to: ["1.2", "1.1"] },
  { name: "nothing stays nothing", from: [], to: [] },
])("interleave() $name", ({ from, to }) => {
  expect(interleave(addresses(...from))).toEqual(addresses(...to));
});

function race(list: readonly Address[]) {
  const clock = fakeClock();
  const opened: string[] = [];
  const cancelled: string[] = [];
  const pending = new Map<string, PromiseWithResolvers<string>>();
  const opening = connectFirst<string>({
    addresses: list,
    clock,
    open: ({ address }) => {
      opened.push(address);
      const one = Promise.withResolvers<string>();
      pending.set(address, one);
      return { result: one.promise, cancel: () => void cancelled.push(address) };
    },
  });
  return {
    clock,
    opened,
    cancelled,
    opening,
    connect: (address: string) => pending.get(address)?.resolve(`socket ${address}`),
    fail: (address: string, code: string) =>
      pending.get(address)?.reject(Object.assign(new Error(code), { code })),
  };
}

const THREE = addresses("a:1", "1.1.1.1", "a:2");

test("connectFirst() tries the next address after 250 ms and closes the losers", async () => {
  const { clock, opened, cancelled, opening, connect } = race(THREE);
  clock.advance(249);
  expect(opened).toEqual(["a:1"]);
  clock.advance(1);
  expect(opened).toEqual(["a:1", "1.1.1.1"]);
  connect("1.1.1.1");
  expect((await opening.result).address.address).toBe("1.1.1.1");
  expect(cancelled).toEqual(["a:1"]);
  expect(clock.pending()).toBe(0);
});

test("connectFirst() tries the next address at once when one fails", async () => {
  const { clock, opened, opening, connect, fail } = race(THREE);
  fail("a:1", "ENETUNREACH");
  await Promise.resolve();
  await Promise.resolve();
  expect(opened).toEqual(["a:1", "1.1.1.1"]);
  connect("1.1.1.1");
  expect((await opening.result).socket).toBe("socket 1.1.1.1");
  expect(clock.pending()).toBe(0);
});

test("connectFirst() gives up a connection that is made after another has won", async () => {
  const { clock, cancelled, opening, connect } = race(THREE);
  clock.advance(250);
  connect("1.1.1.1");
  connect("a:1");
  expect((await opening.result).address.address).toBe("1.1.1.1");
  expect(cancelled).toContain("a:1");
});

test("connectFirst() rejects with the most telling failure", async () => {
  const { opening, fail } = race(addresses("a:1", "1.1.1.1"));
  fail("a:1", "ENETUNREACH");
  await new Promise((resolve) => setImmediate(resolve));
  fail("1.1.1.1", "ECONNREFUSED");
  expect(opening.result).rejects.toMatchObject({ code: "ECONNREFUSED" });
});

test("connectFirst() cancelled closes what it had started and starts nothing more", () => {
  const { clock, opened, cancelled, opening } = race(THREE);
  clock.advance(250);
  opening.cancel();
  clock.advance(1000);
  expect(opened).toEqual(["a:1", "1.1.1.1"]);
  expect(cancelled).toEqual(["a:1", "1.1.1.1"]);
});
