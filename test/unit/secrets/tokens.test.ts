import { expect, test } from "bun:test";
import { WeirError } from "../../../lib/base/errors.ts";
import { createTokenClient } from "../../../lib/client.ts";
import type { Keychain } from "../../../lib/secrets/keychain.ts";
import { openLines } from "../../../lib/secrets/lines.ts";
import { Opening } from "../../../lib/secrets/opener.ts";
import { refusalOf } from "../../support/audit.ts";
import { fakeClock } from "../../support/fake-clock.ts";
import { openKeychain } from "../../support/keychain.ts";
import { type Handler, type Reply, startServer } from "../../support/loopback-server.ts";
import { runtime } from "../../support/wire.ts";

const API = new URL("https://api.example.test/");
const TOKEN: Reply = { json: { access_token: "tok-abcdef-1", expires_in: 3600 } };
const ENV = { CLIENT_SECRET: "s3cret/+ value", PASSWORD: "hunter2-hunter2" };

async function authorization(keychain: Keychain, name = "partner"): Promise<string | undefined> {
  return openLines((await keychain.credentialFor(name, API)).headers)[0]?.[1];
}

function oauth2(url: string, more: object = {}) {
  return {
    partner: {
      kind: "oauth2",
      endpoint: `${url}/token`,
      client_id: "my client",
      client_secret: "env:CLIENT_SECRET",
      ...more,
    },
  };
}

test.each([
  {
    name: "with its secret in Authorization, form-encoded first (RFC 6749 section 2.3.1)",
    more: {},
    body: "grant_type=client_credentials",
    basic: `Basic ${btoa("my+client:s3cret%2F%2B+value")}`,
  },
  {
    name: "with its secret in the body",
    more: { auth_style: "body", scope: "read write" },
    body: "grant_type=client_credentials&scope=read+write&client_id=my+client&client_secret=s3cret%2F%2B+value",
    basic: undefined,
  },
  {
    name: "with what data adds, which wins",
    more: { auth_style: "body", data: { audience: "x", client_id: "other", max: 3 } },
    body: "grant_type=client_credentials&client_secret=s3cret%2F%2B+value&audience=x&client_id=other&max=3",
    basic: undefined,
  },
  {
    name: "with a scope that is a life, which is sent to nobody",
    more: { scope: "local" },
    body: "grant_type=client_credentials",
    basic: `Basic ${btoa("my+client:s3cret%2F%2B+value")}`,
  },
])("NO50 NO51 oauth2 asks for a token $name", async ({ more, body, basic }) => {
  using server = await startServer({ routes: { "POST /token": TOKEN } });
  const { keychain, redactor } = openKeychain({ entries: oauth2(server.url, more), env: ENV });
  expect(await authorization(keychain)).toBe("Bearer tok-abcdef-1");
  expect(await authorization(keychain)).toBe("Bearer tok-abcdef-1");
  const [hit] = server.hits;
  // The token lives as long as the run says.
  expect(server.hits).toHaveLength(1);
  expect(hit?.text).toBe(body);
  expect(hit?.header("authorization")).toBe(basic);
  expect(hit?.header("accept")).toBe("application/json");
  expect(hit?.header("user-agent")).toBe("weir/test");
  expect(hit?.header("content-type")).toBe("application/x-www-form-urlencoded; charset=utf-8");
  // NO21: the token, the secret and what is made of it are known to the redactor.
  for (const text of ["tok-abcdef-1", ENV.CLIENT_SECRET, basic ?? "tok-abcdef-1"]) {
    expect(redactor.redactText(text)).toContain("[redacted]");
  }
});

test("NO53 oauth2 refreshes with the refresh token that came last", async () => {
  const clock = fakeClock();
  let count = 0;
  const handler: Handler = () => {
    count += 1;
    const json = { access_token: `tok-abcdef-${count}`, refresh_token: `ref-abcdef-${count}` };
    return { json: { ...json, expires_in: "100" } };
  };
  using server = await startServer({ routes: { "POST /token": handler } });
  const more = { grant: "refresh_token", refresh_token: "env:REFRESH", client_secret: undefined };
  const env = { REFRESH: "ref-abcdef-0" };
  const { keychain, redactor } = openKeychain({ entries: oauth2(server.url, more), env, clock });
  expect(await authorization(keychain)).toBe("Bearer tok-abcdef-1");
  clock.advance(90_000);
  expect(await authorization(keychain)).toBe("Bearer tok-abcdef-2");
  expect(server.hits.map(({ text }) => text)).toEqual([
    "grant_type=refresh_token&refresh_token=ref-abcdef-0&client_id=my+client",
    "grant_type=refresh_token&refresh_token=ref-abcdef-1&client_id=my+client",
  ]);
  expect(redactor.redactText("ref-abcdef-2")).toBe("[redacted]");
});

test.each([
  { name: "a form", more: { form: { user: "u", n: 1 } }, body: "user=u&n=1", type: "urlencoded" },
  {
    name: "data, which is a form",
    more: { data: { a: "b c" } },
    body: "a=b+c",
    type: "urlencoded",
  },
  {
    name: "data, which is JSON by its header",
    more: { data: { a: [1, "x", null] }, headers: { "content-type": "application/json" } },
    body: '{"a":[1,"x",null]}',
    type: "application/json",
  },
  {
    name: "JSON with secrets in it",
    more: { json: { login: { password: "env:PASSWORD", name: "u", agreed: true } } },
    body: '{"login":{"password":"hunter2-hunter2","name":"u","agreed":true}}',
    type: "application/json",
  },
  {
    name: "a text",
    more: { data: "a={{ keychain.login.user }}" },
    body: "a=ada",
    type: "text/plain",
  },
  { name: "nothing", more: { method: "get" }, body: "", type: undefined },
])("NO50 NO51 http asks for a token with $name", async ({ more, body, type }) => {
  const reply = { json: { data: { tokens: [{ value: "tok-abcdef-2" }] }, ttl: 10 } };
  using server = await startServer({ routes: { "/token": reply } });
  const entries = {
    partner: {
      kind: "http",
      endpoint: `${server.url}/token?v=1`,
      token_field: "$.data.tokens[0]['value']",
      ttl_field: "ttl",
      ...more,
    },
    login: { kind: "basic", user: "ada", password: "env:PASSWORD" },
  };
  const { keychain } = openKeychain({ entries, env: ENV });
  expect(await authorization(keychain)).toBe("Bearer tok-abcdef-2");
  const [hit] = server.hits;
  expect(hit?.method).toBe(body === "" ? "GET" : "POST");
  expect(hit?.target).toBe("/token?v=1");
  expect(hit?.text).toBe(body);
  if (type !== undefined) expect(hit?.header("content-type")).toContain(type);
});

test("NO50 NO54 http is dressed by another entry, and refers to fields of others", async () => {
  using server = await startServer({ routes: { "POST /token": TOKEN } });
  const entries = {
    partner: {
      kind: "http",
      endpoint: `${server.url}/token`,
      auth: "login",
      headers: { "X-Id": "id={{ keychain.ids.client_id }}" },
      data: { secret: "{{ keychain['ids']['client_secret'] }}" },
    },
    login: { kind: "basic", username: "ada", password: "env:PASSWORD" },
    ids: { kind: "static", map: { client_id: "env:ID", client_secret: "env:CLIENT_SECRET" } },
  };
  const { keychain } = openKeychain({ entries, env: { ...ENV, ID: "the-client" } });
  expect(await authorization(keychain)).toBe("Bearer tok-abcdef-1");
  const [hit] = server.hits;
  expect(hit?.header("authorization")).toBe(`Basic ${btoa("ada:hunter2-hunter2")}`);
  expect(hit?.header("x-id")).toBe("id=the-client");
  expect(hit?.text).toBe("secret=s3cret%2F%2B+value");
});

// What the endpoint says is the secret, or made to look like it: only its status is told.
test.each([
  { name: "refuses the client", reply: { status: 401, body: "LEAK" }, code: "TOKEN_REFUSED" },
  { name: "is busy", reply: { status: 429, body: "LEAK" }, code: "TOKEN_UNAVAILABLE" },
  { name: "is down", reply: { status: 503, body: "LEAK" }, code: "TOKEN_UNAVAILABLE" },
  { name: "answers no JSON", reply: { body: "LEAK{" }, code: "TOKEN_REFUSED" },
  { name: "answers no token", reply: { json: { LEAK: "LEAK" } }, code: "TOKEN_REFUSED" },
  { name: "answers an empty token", reply: { json: { access_token: "" } }, code: "TOKEN_REFUSED" },
  {
    name: "answers a token of Object.prototype",
    more: { token_field: "constructor.name" },
    reply: { json: {} },
    code: "TOKEN_REFUSED",
  },
  {
    name: "answers a life that is none",
    reply: { json: { access_token: "LEAK", expires_in: "LEAK" } },
    code: "TOKEN_REFUSED",
  },
  {
    name: "answers a token that ends a header",
    reply: { json: { access_token: "LEAK\r\nX: y" } },
    code: "USAGE_BAD_HEADER",
  },
  {
    name: "answers more than 1 MiB",
    reply: { body: `{"access_token":"LEAK${" ".repeat(2 * 1024 * 1024)}"}` },
    code: "BODY_TOO_LARGE",
  },
])("NO53 a token request to an endpoint that $name fails, and says nothing of it", async (row) => {
  using server = await startServer({ routes: { "POST /token": row.reply } });
  const { keychain } = openKeychain({ entries: oauth2(server.url, row.more), env: ENV });
  const error = await refusalOf(authorization(keychain));
  if (!(error instanceof WeirError)) throw new Error("it should have failed");
  expect(error.code as string).toBe(row.code);
  const causes = [error, error.cause, (error.cause as Error | undefined)?.cause];
  const shown = causes.map((one) => `${String(one)} ${Bun.inspect(one)}`).join("\n");
  expect(shown).not.toContain("LEAK");
  expect(shown).not.toContain("s3cret");
});

test("NO53 a redirect of the token endpoint is not followed", async () => {
  using thief = await startServer({ hits: 0 });
  const headers = { Location: `${thief.url}/token` };
  using server = await startServer({ routes: { "POST /token": { status: 307, headers } } });
  const { keychain } = openKeychain({ entries: oauth2(server.url), env: ENV });
  expect(await refusalOf(authorization(keychain))).toMatchObject({
    code: "TOKEN_REFUSED",
    details: { status: 307, entry: "partner" },
    hint: expect.stringContaining("follows none"),
  });
});

test("a token request keeps no cookie, and no connection", async () => {
  const clock = fakeClock();
  const reply = { ...TOKEN, headers: { "Set-Cookie": "sid=1" } };
  using server = await startServer({ routes: { "POST /token": reply } });
  const { keychain } = openKeychain({ entries: oauth2(server.url), env: ENV, clock });
  await authorization(keychain);
  clock.advance(3_600_000);
  await authorization(keychain);
  expect(server.hits.map((hit) => hit.header("cookie"))).toEqual([undefined, undefined]);
  expect(server.connections()).toBe(2);
});

// A socket or host that stands in for the target, and a client certificate, are for the target alone.
test("createTokenClient() connects to its own URL, whatever stands in for the target", async () => {
  using thief = await startServer({ hits: 0 });
  using server = await startServer({ routes: { "POST /token": TOKEN } });
  const request = createTokenClient({
    runtime,
    userAgent: "weir/test",
    dial: {
      tls: { isVerified: true, certificate: "no certificate", key: "no key" },
      unixSocket: "/nonexistent/socket",
      connectTo: () => ({ host: "127.0.0.1", port: thief.port }),
    },
  });
  const { keychain } = openKeychain({ entries: oauth2(server.url), env: ENV, request });
  expect(await authorization(keychain)).toBe("Bearer tok-abcdef-1");
});

test("NO55 declared fields of an answer are named, required and typed", async () => {
  const reply = { json: { access_token: "tok-abcdef-1", url: "https://x.test", n: 3 } };
  using server = await startServer({ routes: { "POST /token": reply } });
  const fields = {
    instance: { path: "$.url" },
    n: { type: "number" },
    gone: { required: false },
  };
  const { keychain } = openKeychain({ entries: oauth2(server.url, { fields }), env: ENV });
  expect(keychain.fields.get("partner")).toEqual(
    expect.arrayContaining(["access_token", "instance", "n", "gone", "client_id"]),
  );
  const valueOf = async (field: string) =>
    (await keychain.valueFor({ entry: "partner", field }, new Opening(API))).open();
  expect(await valueOf("instance")).toBe("https://x.test");
  expect(await valueOf("n")).toBe("3");
  expect(await refusalOf(valueOf("gone"))).toMatchObject({ code: "SECRET_UNRESOLVED" });
});

test.each([
  { name: "is missing", fields: { region: { path: "region" } } },
  { name: "has another type", fields: { access_token: { type: "number" } } },
])("NO55 a declared field that $name makes the answer useless", async ({ fields }) => {
  using server = await startServer({ routes: { "POST /token": TOKEN } });
  const { keychain } = openKeychain({ entries: oauth2(server.url, { fields }), env: ENV });
  expect(await refusalOf(authorization(keychain))).toMatchObject({ code: "TOKEN_REFUSED" });
});

test.each([
  { name: "http to a host on the net", key: "endpoint", more: { endpoint: "http://a.test/t" } },
  { name: "no URL", key: "endpoint", more: { endpoint: "a.test/token" } },
  { name: "a file", key: "endpoint", more: { endpoint: "file:///etc/passwd" } },
  { name: "a password in the URL", key: "endpoint", more: { endpoint: "https://u:p@a.test/" } },
  {
    name: "an entry in the URL",
    key: "endpoint",
    more: { endpoint: "https://{{ keychain.partner }}.test/" },
  },
  { name: "a cache", key: "cache", more: { cache: true } },
  { name: "a life beyond the run", key: "scope", more: { scope: "global" } },
  { name: "the device flow", key: "grant", more: { grant: "device" } },
  { name: "another grant", key: "grant", more: { grant: "password" } },
  { name: "another style", key: "auth_style", more: { auth_style: "digest" } },
  { name: "a path that is none", key: "token_field", more: { token_field: "$..token" } },
  { name: "a life of nothing", key: "ttl_seconds", more: { ttl_seconds: 0 } },
  { name: "a method of two words", key: "method", more: { method: "GET /x" } },
  { name: "no secret", key: "client_secret", more: { client_secret: undefined } },
  { name: "no data", key: "data", more: { data: {} } },
])("NO50 compileKeychain() refuses an entry with $name", ({ key, more }) => {
  const entries = oauth2("https://auth.test", more);
  expect(() => openKeychain({ entries })).toThrow(
    expect.objectContaining({
      code: "CONFIG_INVALID",
      details: { path: ["keychain", "partner", key] },
    }),
  );
});

test("a secret that its name gives away may not stand in a file others can read", () => {
  const data = { username: "ada", password: "hunter2-hunter2" };
  const entries = { a: { kind: "http", endpoint: "https://auth.test/t", data } };
  expect(() => openKeychain({ entries })).toThrow(
    expect.objectContaining({
      code: "SECRET_EXPOSED",
      details: { path: ["keychain", "a", "data", "password"] },
    }),
  );
  expect(() => openKeychain({ entries, isBareAllowed: true })).not.toThrow();
});
