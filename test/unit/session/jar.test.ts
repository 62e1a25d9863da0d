import { expect, test } from "bun:test";
import { MemoryJar } from "../../../lib/session/jar.ts";
import { headOf } from "../../support/drafts.ts";

const ORIGIN = new URL("https://api.one.test/a/b");

test.each([
  { name: "to the same host", set: "a=1", to: "https://api.one.test/", want: "a=1" },
  { name: "to no other host", set: "a=1", to: "https://one.test/", want: undefined },
  {
    name: "to subdomains when Domain says so",
    set: "a=1; Domain=one.test",
    to: "https://x.one.test/",
    want: "a=1",
  },
  {
    name: "not below another path",
    set: "a=1; Path=/c",
    to: "https://api.one.test/a",
    want: undefined,
  },
  {
    name: "not over http when Secure",
    set: "a=1; Secure",
    to: "http://api.one.test/",
    want: undefined,
  },
  { name: "not once expired", set: "a=1; Max-Age=0", to: "https://api.one.test/", want: undefined },
  {
    name: "not for a foreign Domain",
    set: "a=1; Domain=two.test",
    to: "https://two.test/",
    want: undefined,
  },
  {
    name: "not for a public suffix",
    set: "a=1; Domain=co.uk",
    to: "https://b.co.uk/",
    want: undefined,
  },
])("MemoryJar sends a cookie $name", async ({ set, to, want }) => {
  const jar = new MemoryJar();
  await jar.remember(
    ORIGIN,
    headOf(200, [["Set-Cookie", `${set}${set.includes("Path") ? "" : "; Path=/"}`]]),
  );
  expect(await jar.cookiesFor(new URL(to))).toBe(want);
});

test("MemoryJar takes every Set-Cookie line and leaves out what is not valid", async () => {
  const jar = new MemoryJar();
  const lines = ["a=1; Path=/", "", "b=2; Path=/", "=;;;", "\u0001"].map(
    (text) => ["set-cookie", text] as const,
  );
  await jar.remember(ORIGIN, headOf(200, lines));
  expect(await jar.cookiesFor(ORIGIN)).toBe("a=1; b=2");
});

test("MemoryJar keeps the cookies of two clients apart", async () => {
  const [one, two] = [new MemoryJar(), new MemoryJar()];
  await one.remember(ORIGIN, headOf(200, [["Set-Cookie", "a=1"]]));
  expect(await two.cookiesFor(ORIGIN)).toBeUndefined();
});

test("MemoryJar goes on with the cookies that were saved", async () => {
  const first = new MemoryJar();
  await first.remember(ORIGIN, headOf(200, [["Set-Cookie", "a=1; Path=/"]]));
  const second = new MemoryJar(first.save());
  expect(await second.cookiesFor(ORIGIN)).toBe("a=1");
  await second.remember(ORIGIN, headOf(200, [["Set-Cookie", "a=2; Path=/"]]));
  expect(await new MemoryJar(second.save()).cookiesFor(ORIGIN)).toBe("a=2");
  expect(new MemoryJar().save()).toBeUndefined();
});
