import { expect, test } from "bun:test";
import { WeirError } from "../../../lib/base/errors.ts";
import { Secret } from "../../../lib/base/secret.ts";
import { Renewal } from "../../../lib/secrets/renewal.ts";
import type { Fetched } from "../../../lib/secrets/source.ts";
import { refusalOf } from "../../support/audit.ts";
import { fakeClock } from "../../support/fake-clock.ts";

/** A value that is fetched with a life, and how often it was. */
function renewalOf(lifeMs: number | undefined, isRenewed = true) {
  const clock = fakeClock();
  const state = { count: 0, isFailing: false };
  const renewal = new Renewal({
    clock,
    isRenewed,
    async fetch() {
      state.count += 1;
      await Promise.resolve();
      if (state.isFailing) throw new WeirError("TOKEN_UNAVAILABLE", "down");
      return { value: new Secret(`token-${state.count}`), fields: new Map(), lifeMs };
    },
  });
  const current = async () => (await renewal.current()).value.open();
  return { clock, state, renewal, current };
}

// NO53: before it ends: with less than 300 s, or a fifth of its life, left.
test.each([
  { name: "an hour, 301 s left", lifeMs: 3_600_000, passedMs: 3_299_000, want: "token-1" },
  { name: "an hour, 300 s left", lifeMs: 3_600_000, passedMs: 3_300_000, want: "token-1" },
  { name: "an hour, 299 s left", lifeMs: 3_600_000, passedMs: 3_301_000, want: "token-2" },
  { name: "100 s, a fifth left", lifeMs: 100_000, passedMs: 80_000, want: "token-1" },
  { name: "100 s, less left", lifeMs: 100_000, passedMs: 80_001, want: "token-2" },
  { name: "no life at all", lifeMs: 0, passedMs: 0, want: "token-2" },
  { name: "no end", lifeMs: undefined, passedMs: 1e12, want: "token-1" },
])("NO53 Renewal.current() with $name is $want", async ({ lifeMs, passedMs, want }) => {
  const { clock, current } = renewalOf(lifeMs);
  expect(await current()).toBe("token-1");
  clock.advance(passedMs);
  expect(await current()).toBe(want);
});

test("NO53 Renewal serves everybody who waits with one fetch", async () => {
  const { clock, state, current } = renewalOf(100_000);
  const first = await Promise.all([current(), current(), current()]);
  expect(first).toEqual(["token-1", "token-1", "token-1"]);
  clock.advance(90_000);
  expect(await Promise.all([current(), current()])).toEqual(["token-2", "token-2"]);
  expect(state.count).toBe(2);
});

test("NO53 Renewal.current() fails when the renewal does, though the old value has time left", async () => {
  const { clock, state, current } = renewalOf(100_000);
  await current();
  clock.advance(90_000);
  state.isFailing = true;
  const failures = await Promise.all([refusalOf(current()), refusalOf(current())]);
  expect(failures).toEqual([
    expect.objectContaining({ code: "TOKEN_UNAVAILABLE" }),
    expect.objectContaining({ code: "TOKEN_UNAVAILABLE" }),
  ]);
  state.isFailing = false;
  expect(await current()).toBe("token-3");
});

test("NO53 Renewal.after() replaces a refused value once for all who were refused", async () => {
  const { renewal, state, clock } = renewalOf(undefined);
  const first = await renewal.current();
  const replaced = await Promise.all([renewal.after(first), renewal.after(first)]);
  expect(replaced.map(({ value }) => value.open())).toEqual(["token-2", "token-2"]);
  const second: Fetched = await renewal.after(first);
  expect(second.value.open()).toBe("token-2");
  expect(state.count).toBe(2);
  // A server that refuses everything must not make a token request for each of its answers.
  expect(await renewal.after(second)).toBe(second);
  clock.advance(30_000);
  expect((await renewal.after(second)).value.open()).toBe("token-3");
});

test("Renewal without renewing fetches once, and says when the value has ended", async () => {
  const { clock, renewal, current, state } = renewalOf(100_000, false);
  const first = await renewal.current();
  expect(await renewal.after(first)).toBe(first);
  clock.advance(99_999);
  expect(await current()).toBe("token-1");
  clock.advance(1);
  expect(await refusalOf(current())).toMatchObject({ code: "SECRET_UNRESOLVED" });
  expect(state.count).toBe(1);
});
