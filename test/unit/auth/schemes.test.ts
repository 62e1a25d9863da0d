import { expect, test } from "bun:test";
import { boundCredential } from "../../../lib/auth/bound.ts";
import { AUTH_SCHEMES } from "../../../lib/auth/index.ts";
import { draftOf } from "../../support/drafts.ts";

function scheme(name: string) {
  const found = AUTH_SCHEMES.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no scheme ${name}`);
  return found;
}

test.each([
  { name: "user and password", type: "basic", text: "u:p", want: "Basic dTpw" },
  { name: "an empty password", type: "basic", text: "u:", want: "Basic dTo=" },
  { name: "a password with colons", type: "basic", text: "u:a:b", want: "Basic dTphOmI=" },
  { name: "UTF-8", type: "basic", text: "ü:é", want: "Basic w7w6w6k=" },
  { name: "a token with a colon", type: "bearer", text: "t0k:en", want: "Bearer t0k:en" },
])("AuthScheme sends $name", ({ type, text, want }) => {
  const one = scheme(type);
  expect(one.apply(one.parse(text))).toEqual([["Authorization", want]]);
});

test.each([
  { name: "basic without a colon", type: "basic", text: "user" },
  { name: "an empty bearer token", type: "bearer", text: "" },
])("AuthScheme refuses $name", ({ type, text }) => {
  expect(() => scheme(type).parse(text)).toThrow(expect.objectContaining({ code: "AUTH_INVALID" }));
});

test("boundCredential() dresses its own origin only", async () => {
  const basic = scheme("basic");
  const store = boundCredential(basic, basic.parse("u:p"), "http://one.test");
  const linesFor = async (url: string) => (await store.dress({ ...draftOf(url), hop: 1 })).lines;
  expect(await linesFor("http://one.test/x")).toHaveLength(1);
  expect(await linesFor("http://one.test:81/x")).toEqual([]);
  expect(await linesFor("https://one.test/x")).toEqual([]);
});
