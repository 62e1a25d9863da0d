import { expect, test } from "bun:test";
import { systemClock } from "../../../lib/base/clock.ts";
import { WeirError } from "../../../lib/base/errors.ts";
import { Redactor } from "../../../lib/base/redact.ts";
import { nodeParts } from "../../../lib/runtime/node.ts";
import type { Keychain, KeychainOptions } from "../../../lib/secrets/keychain.ts";
import { compileKeychain } from "../../../lib/secrets/keychain.ts";
import { openLines, withQuery } from "../../../lib/secrets/lines.ts";
import { encodingOf } from "../../../lib/secrets/placeholder.ts";
import { refusalOf } from "../../support/audit.ts";

const ENV: Readonly<Record<string, string>> = {
  TOKEN: "ghp_REALVALUE",
  PASSWORD: "p@ss:wörd",
  MULTILINE: "one\ntwo",
};

function keychainOf(
  input: unknown,
  {
    redactor = new Redactor(),
    ...options
  }: Partial<KeychainOptions> & { redactor?: Redactor } = {},
): Keychain {
  const ports = {
    env: (name: string) => ENV[name],
    files: nodeParts.files,
    clock: systemClock,
    redactor,
  };
  return compileKeychain(input, { isBareAllowed: false, ...options }, ports);
}

const HTTPS = new URL("https://api.example.test/v1");

test.each([
  {
    name: "a bearer token",
    entry: { kind: "bearer", token: "env:TOKEN" },
    headers: [["Authorization", "Bearer ghp_REALVALUE"]],
  },
  {
    name: "a static value, as a bearer token",
    entry: { kind: "static", value: "env:TOKEN" },
    headers: [["Authorization", "Bearer ghp_REALVALUE"]],
  },
  {
    name: "an environment variable, as a bearer token",
    entry: { kind: "env", name: "TOKEN" },
    headers: [["Authorization", "Bearer ghp_REALVALUE"]],
  },
  {
    name: "user and password",
    entry: { kind: "basic", user: "ops", password: "env:PASSWORD" },
    headers: [["Authorization", `Basic ${Buffer.from("ops:p@ss:wörd").toString("base64")}`]],
  },
  {
    name: "an API key",
    entry: { kind: "api_key", key: "env:TOKEN" },
    headers: [["X-API-Key", "ghp_REALVALUE"]],
  },
  {
    name: "an API key in a header of its own",
    entry: { kind: "api_key", key: "env:TOKEN", header: "X-Auth" },
    headers: [["X-Auth", "ghp_REALVALUE"]],
  },
  {
    name: "several headers",
    entry: { kind: "header", headers: { "X-A": "env:TOKEN", "X-B": "env:PASSWORD" } },
    headers: [
      ["X-A", "ghp_REALVALUE"],
      ["X-B", "p@ss:wörd"],
    ],
  },
])("Keychain.credentialFor() dresses with $name", async ({ entry, headers }) => {
  const redactor = new Redactor();
  const keychain = keychainOf({ gh: { ...entry, hosts: ["api.example.test"] } }, { redactor });
  const credential = await keychain.credentialFor("gh", HTTPS);
  expect(openLines(credential.headers)).toEqual(
    headers.map(([line, value]) => [line ?? "", value ?? ""]),
  );
  expect(JSON.stringify(credential)).not.toContain("REALVALUE");
  // NO21: every opened value is known to the redactor from then on.
  for (const [, value] of headers) expect(redactor.redactText(value ?? "")).toContain("[redacted]");
});

test("Keychain.credentialFor() puts an API key into the query, the other parameters untouched", async () => {
  const keychain = keychainOf({ gh: { kind: "api_key", key: "env:PASSWORD", query: "key" } });
  const { query, headers } = await keychain.credentialFor("gh", HTTPS);
  expect(headers).toEqual([]);
  const url = new URL("https://api.example.test/v1?a=%41+b%20c&key=old&k%65y=older&z");
  expect(withQuery(url, query).href).toBe(
    "https://api.example.test/v1?a=%41+b%20c&z&key=p%40ss%3Aw%C3%B6rd",
  );
  expect(withQuery(url, [])).toBe(url);
});

test("Keychain.credentialFor() masks a Basic pair whose password is too short to be learnt", async () => {
  const redactor = new Redactor();
  const entry = { kind: "basic", user: "administrator", password: "literal:pw" };
  const keychain = keychainOf({ gh: entry }, { redactor, isBareAllowed: true });
  const [line] = openLines((await keychain.credentialFor("gh", HTTPS)).headers);
  expect(redactor.redactText(line?.[1] ?? "")).toBe("Basic [redacted]");
  expect(redactor.redactText("the administrator")).toBe("the administrator");
});

test.each([
  { name: "its host", hosts: ["api.example.test"], url: "https://api.example.test/", want: true },
  {
    name: "its host in capitals",
    hosts: ["API.example.test"],
    url: "https://Api.Example.test/",
    want: true,
  },
  {
    name: "its host with a root dot",
    hosts: ["api.example.test."],
    url: "https://api.example.test./",
    want: true,
  },
  { name: "another host", hosts: ["api.example.test"], url: "https://evil.test/", want: false },
  {
    name: "a host that ends alike",
    hosts: ["example.test"],
    url: "https://evilexample.test/",
    want: false,
  },
  {
    name: "a host that begins alike",
    hosts: ["example.test"],
    url: "https://example.test.evil.test/",
    want: false,
  },
  {
    name: "its host as userinfo",
    hosts: ["example.test"],
    url: "https://example.test@evil.test/",
    want: false,
  },
  { name: "a host below", hosts: ["example.test"], url: "https://a.example.test/", want: false },
  {
    name: "a host below a wildcard",
    hosts: ["*.example.test"],
    url: "https://a.b.example.test/",
    want: true,
  },
  {
    name: "the top of a wildcard",
    hosts: ["*.example.test"],
    url: "https://example.test/",
    want: false,
  },
  { name: "another port", hosts: ["example.test"], url: "https://example.test:8443/", want: false },
  { name: "its port", hosts: ["example.test:8443"], url: "https://example.test:8443/", want: true },
  { name: "any port", hosts: ["example.test:*"], url: "https://example.test:1/", want: true },
  {
    name: "the default port by its number",
    hosts: ["example.test:443"],
    url: "https://example.test/",
    want: true,
  },
  { name: "http", hosts: ["example.test"], url: "http://example.test/", want: false },
  {
    name: "http when it is insecure",
    hosts: ["example.test"],
    url: "http://example.test/",
    insecure: true,
    want: true,
  },
  {
    name: "http on loopback, any port",
    hosts: ["127.0.0.1"],
    url: "http://127.0.0.1:4711/",
    want: true,
  },
  { name: "http on IPv6 loopback", hosts: ["[::1]"], url: "http://[::1]:4711/", want: true },
  {
    name: "another port of loopback when one is named",
    hosts: ["localhost:80"],
    url: "http://localhost:4711/",
    want: false,
  },
  {
    name: "a name in Unicode",
    hosts: ["bücher.test"],
    url: "https://xn--bcher-kva.test/",
    want: true,
  },
  { name: "the second of two", hosts: ["a.test", "b.test"], url: "https://b.test/", want: true },
  { name: "any host when it has none", hosts: undefined, url: "https://any.test/", want: true },
  {
    name: "any http host when it has none",
    hosts: undefined,
    url: "http://any.test/",
    want: false,
  },
  { name: "another scheme", hosts: ["a.test"], url: "ftp://a.test/", insecure: true, want: false },
])("Keychain.credentialFor() $want for $name", async ({ hosts, url, insecure, want }) => {
  const entry = { kind: "bearer", token: "env:TOKEN", hosts, insecure };
  const error = await refusalOf(keychainOf({ gh: entry }).credentialFor("gh", new URL(url)));
  expect(error instanceof WeirError ? error.code : undefined).toBe(
    want ? undefined : "SECRET_UNBOUND",
  );
});

test("Keychain.credentialFor() opens nothing for a host that is not meant", async () => {
  let asked = 0;
  const ports = {
    env() {
      asked += 1;
      return "value";
    },
    files: nodeParts.files,
    clock: systemClock,
    redactor: new Redactor(),
  };
  const input = { gh: { kind: "env", name: "TOKEN", hosts: ["a.test"] } };
  const keychain = compileKeychain(input, { isBareAllowed: false }, ports);
  await refusalOf(keychain.credentialFor("gh", new URL("https://evil.test/")));
  expect(asked).toBe(0);
});

// The weak list: a request whose credential cannot be resolved was sent without it.
test.each([
  {
    name: "a variable that is not set",
    entry: { kind: "env", name: "NOPE" },
    code: "SECRET_UNRESOLVED",
  },
  {
    name: "a file that is not there",
    entry: { kind: "file", path: "/nonexistent/x" },
    code: "SECRET_UNRESOLVED",
  },
  {
    name: "a line break in a header value",
    entry: { kind: "api_key", key: "env:MULTILINE" },
    code: "USAGE_BAD_HEADER",
  },
  {
    name: "a colon in the user",
    entry: { kind: "basic", user: "a:b", password: "env:TOKEN" },
    code: "CONFIG_INVALID",
  },
])("Keychain.credentialFor() throws for $name", async ({ entry, code }) => {
  expect(await refusalOf(keychainOf({ gh: entry }).credentialFor("gh", HTTPS))).toMatchObject({
    code,
  });
});

test("Keychain.credentialFor() suggests the nearest entry for one that is not there", async () => {
  const keychain = keychainOf({ github: { kind: "env", name: "TOKEN" } });
  expect(await refusalOf(keychain.credentialFor("githb", HTTPS))).toMatchObject({
    code: "SECRET_UNRESOLVED",
    hint: "Did you mean github",
  });
});

test.each<{ name: string; input: unknown; code?: string; path: readonly (string | number)[] }>([
  { name: "a keychain that is no table", input: 3, path: ["keychain"] },
  { name: "an entry that is no table", input: { a: "x" }, path: ["keychain", "a"] },
  { name: "a name with a space", input: { "a b": {} }, path: ["keychain", "a b"] },
  { name: "no kind", input: { a: {} }, path: ["keychain", "a", "kind"] },
  { name: "an unknown kind", input: { a: { kind: "barer" } }, path: ["keychain", "a", "kind"] },
  {
    name: "a kind of a later version",
    input: { a: { kind: "aws" } },
    path: ["keychain", "a", "kind"],
  },
  {
    name: "an unknown key",
    input: { a: { kind: "bearer", tokn: "x" } },
    code: "CONFIG_UNKNOWN_KEY",
    path: ["keychain", "a", "tokn"],
  },
  { name: "a missing token", input: { a: { kind: "bearer" } }, path: ["keychain", "a", "token"] },
  {
    name: "a bare token in a shared file",
    input: { a: { kind: "bearer", token: "hunter2!" } },
    code: "SECRET_EXPOSED",
    path: ["keychain", "a", "token"],
  },
  {
    name: "a bare header value in a shared file",
    input: { a: { kind: "header", headers: { "X-A": "hunter2!" } } },
    code: "SECRET_EXPOSED",
    path: ["keychain", "a", "headers", "X-A"],
  },
  {
    name: "a header name with a space",
    input: { a: { kind: "header", headers: { "X A": "env:T" } } },
    path: ["keychain", "a", "headers", "X A"],
  },
  {
    name: "no headers",
    input: { a: { kind: "header", headers: {} } },
    path: ["keychain", "a", "headers"],
  },
  {
    name: "header and query at once",
    input: { a: { kind: "api_key", key: "env:T", header: "X", query: "k" } },
    path: ["keychain", "a", "query"],
  },
  {
    name: "a bad header of a key",
    input: { a: { kind: "api_key", key: "env:T", header: "X Y" } },
    path: ["keychain", "a", "header"],
  },
  {
    name: "an env name with a word before it",
    input: { a: { kind: "env", name: "env:T" } },
    code: "SECRET_REFERENCE",
    path: ["keychain", "a", "name"],
  },
  {
    name: "insecure as a text",
    input: { a: { kind: "env", name: "T", insecure: "yes" } },
    path: ["keychain", "a", "insecure"],
  },
  {
    name: "hosts as a text",
    input: { a: { kind: "env", name: "T", hosts: "x" } },
    path: ["keychain", "a", "hosts"],
  },
  {
    name: "no hosts in the list",
    input: { a: { kind: "env", name: "T", hosts: [] } },
    path: ["keychain", "a", "hosts"],
  },
  ...[
    "*",
    "*.com",
    "*.127.0.0.1",
    "https://a.test",
    "a.test/path",
    "user@a.test",
    "a.*.test",
    "a.test:0",
    "a.test:99999",
    "0x7f.1",
    "127.1",
    "a b",
    "",
    ".",
    "10.0.0.0/8",
    "a.test:",
    "[::1",
    "a%41.test",
  ].map((host) => ({
    name: `host "${host}"`,
    input: { a: { kind: "env", name: "T", hosts: ["ok.test", host] } },
    path: ["keychain", "a", "hosts", 1],
  })),
])("compileKeychain() refuses $name at load, with its place", ({ input, code, path }) => {
  try {
    keychainOf(input);
  } catch (error) {
    expect(error).toMatchObject({ code: code ?? "CONFIG_INVALID", details: { path } });
    expect(JSON.stringify(error)).not.toContain("hunter2");
    expect(String(error)).not.toContain("hunter2");
    return;
  }
  expect.unreachable();
});

test("compileKeychain() refuses a wildcard over a suffix that the caller knows to be public", () => {
  const entry = { kind: "env", name: "T", hosts: ["*.co.test"] };
  const isPublicSuffix = (name: string): boolean => name === "co.test";
  expect(() => keychainOf({ a: entry })).not.toThrow();
  expect(() => keychainOf({ a: entry }, { isPublicSuffix })).toThrow(WeirError);
});

test("Keychain tells the guard its hosts, and the redirects its headers", () => {
  const keychain = keychainOf({
    a: { kind: "bearer", token: "env:T", hosts: ["a.test"] },
    b: { kind: "api_key", key: "env:T" },
  });
  expect([...keychain.hosts]).toEqual([
    ["a", ["a.test"]],
    ["b", undefined],
  ]);
  expect(keychain.headerNames).toEqual(["Authorization", "X-API-Key"]);
  expect([...keychainOf(undefined).hosts]).toEqual([]);
});

const FILLABLE = {
  github: { kind: "bearer", token: "env:TOKEN", hosts: ["api.example.test"] },
  login: { kind: "basic", user: "u", password: "env:PASSWORD", hosts: ["api.example.test"] },
  lines: { kind: "static", value: "env:MULTILINE", hosts: ["api.example.test"] },
  anywhere: { kind: "env", name: "TOKEN" },
  local: { kind: "env", name: "TOKEN", hosts: ["127.0.0.1"], insecure: true },
  two: { kind: "header", headers: { a: "env:TOKEN", b: "env:TOKEN" }, hosts: ["api.example.test"] },
};
const NAMES = new Map([
  ["gh", "github"],
  ["pw", "login"],
  ...["lines", "anywhere", "local", "two", "gone"].map((name) => [name, name] as const),
]);

// D17, secret-01.
test.each([
  {
    name: "a header value",
    text: "Bearer {{secret:gh}}",
    encoding: "header",
    want: "Bearer ghp_REALVALUE",
  },
  {
    name: "several references",
    text: "{{secret:gh}}{{secret:gh}} {{secret:pw}}",
    encoding: "plain",
    want: "ghp_REALVALUEghp_REALVALUE p@ss:wörd",
  },
  {
    name: "a JSON text, as one string",
    text: '{"a":"{{secret:lines}}"}',
    encoding: "json",
    want: '{"a":"one\\ntwo"}',
  },
  {
    name: "a form, as one value",
    text: "p={{secret:pw}}&q=1",
    encoding: "form",
    want: "p=p%40ss%3Aw%C3%B6rd&q=1",
  },
  {
    name: "only what is written as it has to be",
    text: "{{ secret:gh }} {{secret:}} {secret:gh}",
    encoding: "plain",
    want: "{{ secret:gh }} {{secret:}} {secret:gh}",
  },
] as const)("Keychain.fillSecrets() fills $name", async ({ text, encoding, want }) => {
  const redactor = new Redactor();
  const keychain = keychainOf(FILLABLE, { redactor });
  const filled = await keychain.fillSecrets(text, { names: NAMES, url: HTTPS, encoding });
  expect(filled).toBe(want);
  expect(redactor.redactText(filled)).not.toContain("REALVALUE");
});

test.each([
  {
    name: "an unknown name",
    secret: "nope",
    url: "https://api.example.test/",
    code: "POLICY_DENIED",
  },
  {
    name: "the name of an entry that no call may use",
    secret: "github",
    url: "https://api.example.test/",
    code: "POLICY_DENIED",
  },
  {
    name: "a name that leads to no entry",
    secret: "gone",
    url: "https://api.example.test/",
    code: "POLICY_DENIED",
  },
  {
    name: "a name of Object.prototype",
    secret: "constructor",
    url: "https://api.example.test/",
    code: "POLICY_DENIED",
  },
  { name: "another host", secret: "gh", url: "https://evil.test/", code: "SECRET_UNBOUND" },
  { name: "http", secret: "gh", url: "http://api.example.test/", code: "SECRET_UNBOUND" },
  { name: "http on loopback", secret: "local", url: "http://127.0.0.1/", code: "SECRET_UNBOUND" },
  {
    name: "an entry bound to no host",
    secret: "anywhere",
    url: "https://api.example.test/",
    code: "SECRET_UNBOUND",
  },
  {
    name: "an entry with two values",
    secret: "two",
    url: "https://api.example.test/",
    code: "CONFIG_INVALID",
  },
  {
    name: "a line break in a header",
    secret: "lines",
    url: "https://api.example.test/",
    code: "SECRET_UNRESOLVED",
  },
])("Keychain.fillSecrets() refuses $name", async ({ secret, url, code }) => {
  const options = { names: NAMES, url: new URL(url) };
  const error = await refusalOf(keychainOf(FILLABLE).fillSecrets(`{{secret:${secret}}}`, options));
  expect(error).toMatchObject({ code });
  expect(String(error)).not.toContain("REALVALUE");
});

test("Keychain.fillSecrets() fills no reference that a secret's own value holds", async () => {
  const ports = {
    env: (name: string) => (name === "A" ? "{{secret:b}}" : "value-of-b"),
    files: nodeParts.files,
    clock: systemClock,
    redactor: new Redactor(),
  };
  const entryOf = (name: string) => ({ kind: "env", name, hosts: ["api.example.test"] });
  const keychain = compileKeychain(
    { a: entryOf("A"), b: entryOf("B") },
    { isBareAllowed: false },
    ports,
  );
  const names = new Map([
    ["a", "a"],
    ["b", "b"],
  ]);
  expect(await keychain.fillSecrets("{{secret:a}}", { names, url: HTTPS })).toBe("{{secret:b}}");
});

test.each([
  ["application/json", "json"],
  ["Application/Problem+JSON; charset=utf-8", "json"],
  ["application/x-www-form-urlencoded", "form"],
  ["text/plain", "plain"],
  [undefined, "plain"],
] as const)("encodingOf(%p) is %s", (type, want) => {
  expect(encodingOf(type)).toBe(want);
});
