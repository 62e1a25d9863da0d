import { expect, test } from "bun:test";
import type { CredentialStore } from "../../../lib/auth/bound.ts";
import { noCredentials } from "../../../lib/auth/bound.ts";
import { Secret } from "../../../lib/base/secret.ts";
import { WeirError } from "../../../lib/base/errors.ts";
import { Placeholders, type SecretSource } from "../../../lib/hooks/placeholders.ts";
import { textBody } from "../../../lib/http/body.ts";
import { draftOf } from "../../support/drafts.ts";
import { failureOf } from "./support.ts";

const SOURCE: SecretSource = {
  check: (name) =>
    name === "token"
      ? Promise.resolve()
      : Promise.reject(new WeirError("SECRET_UNRESOLVED", `No ${name}`)),
  value: () => Promise.resolve(new Secret("the-value")),
  written: (_name, url) =>
    url.hostname === "api.test"
      ? Promise.resolve("the-value")
      : Promise.reject(new WeirError("SECRET_UNBOUND", "elsewhere")),
};

function placeholders(): Placeholders {
  return new Placeholders(SOURCE, (count) => crypto.getRandomValues(new Uint8Array(count)));
}

function hop(url: string, header: string, body = "") {
  const draft = draftOf(url, { headers: [["X-Key", header]], body: textBody(body) });
  return { ...draft, hop: 0 };
}

async function dressed(store: CredentialStore, url: string, header: string, body?: string) {
  const { lines, body: filled } = await store.dress(hop(url, header, body));
  return {
    lines,
    text: filled?.kind === "bytes" ? new TextDecoder().decode(filled.bytes) : undefined,
  };
}

test("a placeholder in headers and body becomes the value when the hop is dressed", async () => {
  const secrets = placeholders();
  const first = await secrets.placeholder("one", "token");
  const second = await secrets.placeholder("one", "token");
  expect(first).not.toBe(second);
  expect(first).not.toContain("the-value");
  const store = secrets.around(noCredentials);
  expect(await dressed(store, "https://api.test/", `Key ${first}`, `a ${second} b`)).toEqual({
    lines: [["X-Key", "Key the-value"]],
    text: "a the-value b",
  });
});

test("text that only looks like a placeholder opens nothing", async () => {
  const secrets = placeholders();
  await secrets.placeholder("one", "token");
  const fake = `weir-secret-${"0".repeat(32)} {{secret:token}}`;
  const store = secrets.around(noCredentials);
  expect(await dressed(store, "https://api.test/", fake, fake)).toEqual({
    lines: [],
    text: undefined,
  });
});

test("a placeholder is not opened for another host, nor for another plugin's signature", async () => {
  const secrets = placeholders();
  const text = await secrets.placeholder("one", "token");
  const store = secrets.around(noCredentials);
  expect((await failureOf(dressed(store, "https://evil.test/", text))).code).toBe("SECRET_UNBOUND");
  expect(await secrets.open("two", text)).toBeUndefined();
  expect((await secrets.open("one", text))?.open()).toBe("the-value");
});

test("an entry that does not exist has no placeholder", async () => {
  expect((await failureOf(placeholders().placeholder("one", "tokn"))).code).toBe(
    "SECRET_UNRESOLVED",
  );
});

test("the credential of the user wins over a header a plugin set", async () => {
  const secrets = placeholders();
  const text = await secrets.placeholder("one", "token");
  const base: CredentialStore = {
    ...noCredentials,
    dress: () => Promise.resolve({ lines: [["x-key", "user"]] }),
  };
  const { lines } = await dressed(secrets.around(base), "https://api.test/", text);
  expect(lines).toEqual([["x-key", "user"]]);
});

test("in a plugin's own requests the placeholders of another open nothing", async () => {
  const secrets = placeholders();
  const text = await secrets.placeholder("one", "token");
  const url = "https://api.test/";
  expect((await dressed(secrets.around(noCredentials, "two"), url, text, text)).lines).toEqual([]);
  expect(await dressed(secrets.around(noCredentials, "one"), url, text, text)).toEqual({
    lines: [["X-Key", "the-value"]],
    text: "the-value",
  });
});

test("every placeholder has the beginning by which it can be hidden, and only whole ones are known", async () => {
  const secrets = placeholders();
  const texts = await Promise.all([1, 2].map(() => secrets.placeholder("one", "token")));
  for (const text of texts) {
    expect(text).toStartWith(secrets.beginning);
    expect(secrets.isIn(`a ${text} b`)).toBe(true);
    expect(secrets.isIn(text.slice(0, -1))).toBe(false);
  }
  expect(secrets.isIn(`${secrets.beginning}${"0".repeat(16)}`)).toBe(false);
  expect(placeholders().beginning).not.toBe(secrets.beginning);
});

test("of many placeholders the oldest are forgotten", async () => {
  const secrets = placeholders();
  const first = await secrets.placeholder("one", "token");
  for (let at = 0; at < 10_000; at += 1) await secrets.placeholder("one", "token");
  expect(await secrets.open("one", first)).toBeUndefined();
});
