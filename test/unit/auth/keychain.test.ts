import { expect, test } from "bun:test";
import { type CredentialStore, noCredentials } from "../../../lib/auth/bound.ts";
import { textBody } from "../../../lib/http/body.ts";
import { WeirError } from "../../../lib/base/errors.ts";
import { arrivalOf } from "../../../lib/exchange/resend.ts";
import { MemoryJar } from "../../../lib/session/jar.ts";
import { compileTemplate } from "../../../lib/template/render.ts";
import { refusalOf } from "../../support/audit.ts";
import { draftOf, headOf } from "../../support/drafts.ts";
import { fakeClock } from "../../support/fake-clock.ts";
import { openKeychain, placeholderOf, sendWith } from "../../support/keychain.ts";
import { type Handler, type LoopbackServer, startServer } from "../../support/loopback-server.ts";

const ENV = { TOKEN: 'tok&n+v"lue/1', OTHER: "other-value-2", PASSWORD: "hunter2-hunter2" };

/** An entry bound to a server of a test. */
function bearerFor({ port }: LoopbackServer, variable = "TOKEN") {
  return { kind: "bearer", token: `env:${variable}`, hosts: [`127.0.0.1:${port}`] };
}

const unbound = { kind: "bearer", token: "env:TOKEN" };

test("NO20 names are what templates see: the entry is its token, fields have names", () => {
  const entries = { gh: unbound, login: { kind: "basic", user: "ada", password: "env:PASSWORD" } };
  const { credentials } = openKeychain({ entries, env: ENV });
  const template = compileTemplate("Bearer {{ keychain.gh }} {{ keychain.login.user }}");
  expect(template.render({ keychain: credentials.names })).toBe(
    `Bearer ${placeholderOf(credentials, "gh")} ${placeholderOf(credentials, "login", "user")}`,
  );
  expect(credentials.names).toBe(credentials.names);
  const other = openKeychain({ entries, env: ENV }).credentials;
  expect(placeholderOf(other, "gh")).not.toBe(placeholderOf(credentials, "gh"));
});

test("NO20 placeholders are opened in header values, query values and body, each in its spelling", async () => {
  using server = await startServer({ replies: [{}, {}, {}] });
  const { credentials } = openKeychain({ entries: { gh: bearerFor(server) }, env: ENV });
  const key = placeholderOf(credentials, "gh");
  const store = credentials.around(noCredentials);
  const typed = (type: string) => [["Content-Type", type]] as const;
  await sendWith(store, `${server.url}/a?x=%41&key=${key}&y`, {
    method: "POST",
    headers: [
      ["Authorization", `Bearer ${key}`],
      ["X-Two", "plain"],
      ["X-Two", `t ${key}`],
      ...typed("application/json"),
    ],
    body: JSON.stringify({ text: `ü ${key}` }),
  });
  await sendWith(store, server.url, {
    method: "POST",
    headers: typed("application/x-www-form-urlencoded"),
    body: `a=${key}&b=1`,
  });
  await sendWith(store, server.url, { method: "POST", headers: typed("text/plain"), body: key });
  const [json, form, plain] = server.hits;
  expect(json?.target).toBe("/a?x=%41&key=tok%26n%2Bv%22lue%2F1&y");
  expect(json?.header("authorization")).toBe(`Bearer ${ENV.TOKEN}`);
  expect(json?.header("x-two")).toBe(`plain, t ${ENV.TOKEN}`);
  expect(JSON.parse(json?.text ?? "")).toEqual({ text: `ü ${ENV.TOKEN}` });
  expect(form?.text).toBe("a=tok%26n%2Bv%22lue%2F1&b=1");
  expect(plain?.text).toBe(ENV.TOKEN);
});

test("a body that is no text keeps its bytes around a value", async () => {
  const { credentials } = openKeychain({ entries: { gh: unbound }, env: { TOKEN: "grün" } });
  const key = placeholderOf(credentials, "gh");
  const bytes = Buffer.concat([Buffer.from([0, 255, 0x80]), Buffer.from(key), Buffer.from([254])]);
  const hop = { ...draftOf("https://a.test/"), body: { kind: "bytes" as const, bytes }, hop: 0 };
  const { body } = await credentials.around(noCredentials).dress(hop);
  expect(body?.kind === "bytes" && Buffer.from(body.bytes)).toEqual(
    Buffer.concat([Buffer.from([0, 255, 0x80]), Buffer.from("grün"), Buffer.from([254])]),
  );
});

test("NO21 what was opened is masked when a server sends it back", async () => {
  const echo: Handler = (hit) => ({ body: `you sent ${hit.header("authorization")}` });
  using server = await startServer({ routes: { "/": echo } });
  const { credentials, redactor } = openKeychain({ entries: { gh: bearerFor(server) }, env: ENV });
  const headers = [["Authorization", `Bearer ${placeholderOf(credentials, "gh")}`]] as const;
  const { text } = await sendWith(credentials.around(noCredentials), server.url, { headers });
  expect(text).toContain(ENV.TOKEN);
  expect(redactor.redactText(text)).toBe("you sent Bearer [redacted]");
});

// NO20: what looks like a placeholder is not one: only what was issued is, and nobody can guess it.
test("a response that contains placeholder-like text opens nothing when it is sent on", async () => {
  using server = await startServer({ replies: [{}] });
  const { credentials } = openKeychain({ entries: { gh: bearerFor(server) }, env: ENV });
  placeholderOf(credentials, "gh");
  const fake = `weir-keychain-${"0".repeat(32)} {{ keychain.gh }} {{secret:gh}}`;
  const headers = [["X-A", fake]] as const;
  const store = credentials.around(noCredentials);
  await sendWith(store, server.url, { method: "POST", headers, body: fake });
  const [hit] = server.hits;
  expect(hit?.header("x-a")).toBe(fake);
  expect(hit?.text).toBe(fake);
});

test.each([
  { name: "the path", url: (base: string, key: string) => `${base}/${key}/x` },
  { name: "the path, in part", url: (base: string, key: string) => `${base}/a%2F${key}` },
  { name: "the name of a parameter", url: (base: string, key: string) => `${base}/?${key}=1` },
  { name: "a parameter without value", url: (base: string, key: string) => `${base}/?a=1&${key}` },
])("NO20 a placeholder in $name is refused before anything is sent", async ({ url }) => {
  using server = await startServer({ hits: 0 });
  const { credentials } = openKeychain({ entries: { gh: bearerFor(server) }, env: ENV });
  const target = url(server.url, placeholderOf(credentials, "gh"));
  const store = credentials.around(noCredentials);
  const error = await refusalOf(sendWith(store, target));
  expect(error).toMatchObject({ code: "SECRET_UNBOUND", details: { name: "gh" } });
  expect(server.connections()).toBe(0);
});

test.each([
  { name: "host of a URL", url: (key: string) => `http://${key}.localhost:1/` },
  { name: "host in capitals", url: (key: string) => `http://${key.toUpperCase()}.localhost:1/` },
])("NO20 a placeholder in the $name is refused before it is resolved", async ({ url }) => {
  const { credentials } = openKeychain({ entries: { gh: unbound }, env: ENV });
  const target = url(placeholderOf(credentials, "gh"));
  const error = await refusalOf(sendWith(credentials.around(noCredentials), target));
  expect(error).toMatchObject({ code: "SECRET_UNBOUND" });
});

test("NO20 a placeholder is refused as the name of a header, and a line break in one", async () => {
  using server = await startServer({ hits: 0 });
  const entries = { gh: bearerFor(server), lines: bearerFor(server, "LINES") };
  const { credentials } = openKeychain({ entries, env: { ...ENV, LINES: "a\r\nX-B: c" } });
  const store = credentials.around(noCredentials);
  const named = [[placeholderOf(credentials, "gh"), "x"]] as const;
  expect(await refusalOf(sendWith(store, server.url, { headers: named }))).toMatchObject({
    code: "SECRET_UNBOUND",
  });
  const broken = [["X-A", placeholderOf(credentials, "lines")]] as const;
  expect(await refusalOf(sendWith(store, server.url, { headers: broken }))).toMatchObject({
    code: "USAGE_BAD_HEADER",
  });
});

test("NO19 NO20 two entries for two hosts never cross, as placeholder and as auth", async () => {
  using mine = await startServer({ replies: [{}, {}] });
  using theirs = await startServer({ hits: 0 });
  const entries = { mine: bearerFor(mine), theirs: bearerFor(theirs, "OTHER") };
  const { credentials } = openKeychain({ entries, env: ENV });
  const store = credentials.around(noCredentials);
  const headers = [["X-Key", placeholderOf(credentials, "mine")]] as const;
  const body = placeholderOf(credentials, "mine");
  for (const work of [
    sendWith(store, theirs.url, { headers }),
    sendWith(store, theirs.url, { method: "POST", body }),
    sendWith(store, `${theirs.url}/?a=${body}`),
    sendWith(credentials.credentialStore("mine"), theirs.url),
  ]) {
    expect(await refusalOf(work)).toMatchObject({
      code: "SECRET_UNBOUND",
      details: { name: "mine", origin: theirs.url },
    });
  }
  await sendWith(store, mine.url, { headers });
  await sendWith(credentials.credentialStore("mine"), mine.url);
  expect(mine.hits[0]?.header("x-key")).toBe(ENV.TOKEN);
  expect(mine.hits[1]?.header("authorization")).toBe(`Bearer ${ENV.TOKEN}`);
});

test.each([
  { name: "an entry with hosts", isBound: true },
  { name: "an entry without", isBound: false },
])("NO19 NO20 a redirect to another origin gets nothing of $name", async ({ isBound }) => {
  using thief = await startServer({ replies: [{}, {}] });
  const away: Handler = () => ({ status: 302, headers: { Location: `${thief.url}/stolen` } });
  using server = await startServer({ routes: { "/": away } });
  const entries = { gh: isBound ? bearerFor(server) : unbound };
  const { credentials } = openKeychain({ entries, env: ENV });
  const key = placeholderOf(credentials, "gh");
  const headers = [
    ["X-Key", key],
    ["X-Kept", "yes"],
  ] as const;
  await sendWith(credentials.around(noCredentials), `${server.url}/?k=${key}`, { headers });
  await sendWith(credentials.credentialStore("gh"), server.url);
  expect(server.hits.map((hit) => hit.header("x-key") ?? hit.header("authorization"))).toEqual([
    ENV.TOKEN,
    `Bearer ${ENV.TOKEN}`,
  ]);
  expect(thief.hits.map((hit) => hit.header("x-kept"))).toEqual(["yes", undefined]);
  const seen = thief.hits.map((hit) => `${hit.target} ${JSON.stringify(hit.headers)}`).join();
  expect(seen).not.toContain("tok&n");
  // Not even the placeholder: it would tell what runs here.
  expect(seen).not.toContain("weir-keychain-");
});

test("NO20 a redirect that takes a body along to another origin is not followed", async () => {
  using thief = await startServer({ hits: 0 });
  const headers = { Location: `${thief.url}/stolen` };
  using server = await startServer({ routes: { "POST /": { status: 307, headers } } });
  const { credentials } = openKeychain({ entries: { gh: unbound }, env: ENV });
  const body = placeholderOf(credentials, "gh");
  const work = sendWith(credentials.around(noCredentials), server.url, { method: "POST", body });
  expect(await refusalOf(work)).toMatchObject({ code: "SECRET_UNBOUND" });
});

test("NO19 a redirect to the same origin, or to a host of the entry, is dressed again", async () => {
  using second = await startServer({ replies: [{}] });
  const routes = {
    "/": { status: 302, headers: { Location: "/here" } },
    "/here": { status: 302, headers: { Location: `${second.url}/there` } },
  };
  using first = await startServer({ routes });
  const hosts = [first, second].map(({ port }) => `127.0.0.1:${port}`);
  const entries = { gh: { ...unbound, hosts } };
  const { credentials } = openKeychain({ entries, env: ENV });
  await sendWith(credentials.credentialStore("gh"), first.url);
  const sent = [...first.hits, ...second.hits].map((hit) => hit.header("authorization"));
  expect(sent).toEqual(Array.from({ length: 3 }, () => `Bearer ${ENV.TOKEN}`));
});

test("NO19 NO20 an entry without hosts comes back with a redirect to its origin", async () => {
  using server = await startServer({ hits: "any" });
  using other = await startServer({
    routes: { "/": { status: 302, headers: { Location: `${server.url}/end` } } },
  });
  const away = { status: 302, headers: { Location: `${other.url}/` } };
  const here = { status: 302, headers: { Location: "/away" } };
  server.play({ routes: { "/": here, "/away": away, "/end": {} } });
  const { credentials } = openKeychain({ entries: { gh: unbound }, env: ENV });
  const headers = [["X-Key", placeholderOf(credentials, "gh")]] as const;
  await sendWith(credentials.around(credentials.credentialStore("gh")), server.url, { headers });
  expect(server.hits.map((hit) => hit.header("x-key"))).toEqual([ENV.TOKEN, ENV.TOKEN, ENV.TOKEN]);
  expect(other.hits.map((hit) => hit.header("x-key") ?? hit.header("authorization"))).toEqual([
    undefined,
  ]);
});

test("a value is written for the Content-Type that is sent, also when it is a default", async () => {
  using server = await startServer({ replies: [{}] });
  const { credentials } = openKeychain({ entries: { gh: unbound }, env: ENV });
  const body = JSON.stringify({ a: placeholderOf(credentials, "gh") });
  const defaults = [["Content-Type", "application/json"]] as const;
  const request = { method: "POST", defaults, body };
  await sendWith(credentials.around(noCredentials), server.url, request);
  expect(JSON.parse(server.hits[0]?.text ?? "")).toEqual({ a: ENV.TOKEN });
});

test("a Cookie header with a placeholder keeps the cookies of the jar, also after a 401", async () => {
  using world = await tokenWorld();
  const jar = new MemoryJar();
  await jar.remember(new URL(world.api.url), headOf(200, [["Set-Cookie", "kept=1; Path=/"]]));
  const key = placeholderOf(world.credentials, "partner");
  const headers = [
    ["Cookie", `typed=${key}`],
    ["X-Key", key],
  ] as const;
  const store = world.credentials.around(noCredentials);
  world.state.count = 0;
  await sendWith(store, world.api.url, { headers, jar });
  world.state.count += 1;
  await sendWith(store, world.api.url, { headers, jar });
  expect(world.api.hits.map((hit) => hit.header("cookie"))).toEqual([
    "typed=token-number-1; kept=1",
    "typed=token-number-1; kept=1",
    "typed=token-number-3; kept=1",
  ]);
});

test("an entry without hosts goes to the origin it was asked for, whatever a plugin makes of the URL", async () => {
  using server = await startServer({ hits: 0 });
  const { credentials } = openKeychain({ entries: { gh: unbound }, env: ENV });
  const origin = "https://api.example.test";
  const headers = [["X-Key", placeholderOf(credentials, "gh")]] as const;
  for (const work of [
    sendWith(credentials.credentialStore("gh", origin), server.url),
    sendWith(credentials.around(noCredentials, origin), server.url, { headers }),
  ]) {
    expect(await refusalOf(work)).toMatchObject({ code: "SECRET_UNBOUND" });
  }
});

test.each(["http://api.example.test/", "ftp://api.example.test/"])(
  "NO19 an entry is not sent to %s",
  async (url) => {
    const { credentials } = openKeychain({ entries: { gh: unbound }, env: ENV });
    const store = credentials.credentialStore("gh");
    const work = Promise.try(() => store.dress({ ...draftOf(url), hop: 0 }));
    expect(await refusalOf(work)).toMatchObject({ code: "SECRET_UNBOUND" });
  },
);

test("NO19 an entry that is not there, or has no value, is an error and not a bare request", async () => {
  using server = await startServer({ hits: 0 });
  const entries = { gh: bearerFor(server, "UNSET") };
  const { credentials } = openKeychain({ entries, env: ENV });
  expect(() => credentials.credentialStore("hg")).toThrow(
    expect.objectContaining({ code: "SECRET_UNRESOLVED", hint: "Did you mean gh" }),
  );
  const headers = [["X-Key", placeholderOf(credentials, "gh")]] as const;
  for (const work of [
    sendWith(credentials.credentialStore("gh"), server.url),
    sendWith(credentials.around(noCredentials), server.url, { headers }),
  ]) {
    expect(await refusalOf(work)).toMatchObject({ code: "SECRET_UNRESOLVED" });
  }
});

test.each([
  {
    name: "basic",
    entry: { kind: "basic", user: "ada", password: "env:PASSWORD" },
    want: `Basic ${btoa("ada:hunter2-hunter2")}`,
  },
  {
    name: "api_key",
    entry: { kind: "api_key", key: "env:OTHER" },
    header: "x-api-key",
    want: "other-value-2",
  },
  {
    name: "header",
    entry: { kind: "header", headers: { "X-A": "env:OTHER" } },
    header: "x-a",
    want: "other-value-2",
  },
  { name: "env", entry: { kind: "env", name: "OTHER" }, want: "Bearer other-value-2" },
])("NO19 auth names an entry of kind $name", async ({ entry, header = "authorization", want }) => {
  using server = await startServer({ replies: [{}] });
  const { credentials } = openKeychain({ entries: { own: entry }, env: ENV });
  // The entry takes the place of what the task sets by itself.
  const headers = [
    ["Authorization", "Custom x"],
    ["X-A", "typed"],
  ] as const;
  await sendWith(credentials.around(credentials.credentialStore("own")), server.url, { headers });
  expect(server.hits[0]?.header(header)).toBe(want);
});

test("NO19 an API key goes into the query beside a placeholder", async () => {
  using server = await startServer({ replies: [{}] });
  const entries = { own: { kind: "api_key", key: "env:OTHER", query: "k" }, gh: unbound };
  const { credentials } = openKeychain({ entries, env: ENV });
  const url = `${server.url}/?t=${placeholderOf(credentials, "gh")}&k=old`;
  await sendWith(credentials.around(credentials.credentialStore("own")), url);
  expect(server.hits[0]?.query).toEqual([
    ["t", ENV.TOKEN],
    ["k", "other-value-2"],
  ]);
});

test("NO51 an entry of kind digest answers the challenge, for the URL as it is sent", async () => {
  const challenge: Handler = (hit) =>
    hit.header("authorization") === undefined
      ? { status: 401, headers: { "WWW-Authenticate": 'Digest realm="r", nonce="n", qop="auth"' } }
      : {};
  using server = await startServer({ routes: { "/a": challenge } });
  const login = { kind: "digest", user: "ada", password: "env:PASSWORD" };
  const { credentials } = openKeychain({ entries: { login, gh: unbound }, env: ENV });
  const url = `${server.url}/a?t=${placeholderOf(credentials, "gh")}`;
  const { status } = await sendWith(credentials.around(credentials.credentialStore("login")), url);
  expect(status).toBe(200);
  const [first, second] = server.hits;
  expect(first?.header("authorization")).toBeUndefined();
  expect(second?.header("authorization")).toContain(`uri="${second?.target}"`);
  expect(second?.target).toBe("/a?t=tok%26n%2Bv%22lue%2F1");
  expect(second?.header("authorization")).not.toContain("hunter2");
});

/** A token endpoint, and an API that refuses every token but the last one. */
async function tokenWorld(lifeSeconds = 3600) {
  const state = { count: 0, isDown: false };
  const auth = await startServer({
    routes: {
      "POST /token": () => {
        if (state.isDown) return { status: 503 };
        state.count += 1;
        return { json: { access_token: `token-number-${state.count}`, expires_in: lifeSeconds } };
      },
    },
    hits: "any",
  });
  const handler: Handler = (hit) => {
    const all = `${JSON.stringify(hit.headers)} ${hit.target} ${hit.text}`;
    return { status: all.includes(`token-number-${state.count}`) ? 200 : 401 };
  };
  const api = await startServer({ routes: { "/": handler }, hits: "any" });
  const partner = {
    kind: "oauth2",
    endpoint: `${auth.url}/token`,
    client_id: "c",
    client_secret: "env:PASSWORD",
    hosts: [`127.0.0.1:${api.port}`],
  };
  const clock = fakeClock();
  const opened = openKeychain({ entries: { partner }, env: ENV, clock });
  return {
    ...opened,
    auth,
    api,
    state,
    clock,
    [Symbol.dispose]() {
      auth[Symbol.dispose]();
      api[Symbol.dispose]();
    },
  };
}

type World = Awaited<ReturnType<typeof tokenWorld>>;

test.each<{
  name: string;
  store: (world: World) => CredentialStore;
  url?: string;
  body?: string;
  header?: string;
}>([
  { name: "as auth", store: ({ credentials }) => credentials.credentialStore("partner") },
  {
    name: "in a header",
    store: ({ credentials }) => credentials.around(noCredentials),
    header: "KEY",
  },
  {
    name: "in the query",
    store: ({ credentials }) => credentials.around(noCredentials),
    url: "?t=KEY",
  },
  {
    name: "in the body",
    store: ({ credentials }) => credentials.around(noCredentials),
    body: "t=KEY",
  },
  {
    name: "as auth and in the body",
    store: ({ credentials }) => credentials.around(credentials.credentialStore("partner")),
    body: "t=KEY",
  },
])(
  "NO53 a 401 renews a token $name, once for all who got it",
  async ({ store, url = "", body, header }) => {
    using world = await tokenWorld();
    const key = placeholderOf(world.credentials, "partner");
    const request = {
      method: body === undefined ? "GET" : "POST",
      headers: header === undefined ? [] : ([["Authorization", `Bearer ${key}`]] as const),
      body: body?.replace("KEY", key),
    };
    const send = () =>
      sendWith(store(world), `${world.api.url}/${url.replace("KEY", key)}`, request);
    expect((await send()).status).toBe(200);
    // The server forgets the token that everybody has.
    world.state.count += 1;
    const answers = await Promise.all([send(), send(), send(), send()]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(world.auth.hits).toHaveLength(2);
    expect(world.api.hits).toHaveLength(1 + 4 * 2);
  },
);

test("NO53 a server that refuses every token gets each request twice, and one renewal", async () => {
  using world = await tokenWorld();
  using server = await startServer({ routes: { "/": { status: 401 } }, hits: "any" });
  const entries = {
    partner: {
      kind: "oauth2",
      endpoint: `${world.auth.url}/token`,
      client_id: "c",
      client_secret: "env:PASSWORD",
    },
  };
  const { credentials } = openKeychain({ entries, env: ENV, clock: world.clock });
  for (let at = 0; at < 3; at += 1) {
    const answer = await sendWith(credentials.credentialStore("partner"), server.url);
    expect(answer.status).toBe(401);
  }
  expect(world.auth.hits).toHaveLength(2);
  expect(server.hits).toHaveLength(4);
});

test.each([
  { name: "ahead of its end", advanceMs: 3_400_000, apiHits: 1 },
  { name: "after a 401", advanceMs: 0, apiHits: 2 },
])(
  "NO53 a renewal $name that fails fails the request, which is not sent",
  async ({ advanceMs, apiHits }) => {
    using world = await tokenWorld();
    const store = world.credentials.credentialStore("partner");
    await sendWith(store, world.api.url);
    world.clock.advance(advanceMs);
    world.state.isDown = true;
    world.state.count += advanceMs === 0 ? 1 : 0;
    expect(await refusalOf(sendWith(store, world.api.url))).toMatchObject({
      code: "TOKEN_UNAVAILABLE",
      details: { entry: "partner", status: 503 },
    });
    expect(world.api.hits).toHaveLength(apiHits);
  },
);

// Whether a POST may be sent again depends on it: the token request is not the request.
test.each([
  { name: "before it, the request was never sent", isRenewal: false, arrival: "never" },
  { name: "after a 401, the request was answered", isRenewal: true, arrival: "answered" },
])("NO53 a token request that fails $name", async ({ isRenewal, arrival }) => {
  using world = await tokenWorld();
  const store = world.credentials.credentialStore("partner");
  if (isRenewal) await sendWith(store, world.api.url);
  world.state.isDown = true;
  world.state.count += 1;
  const error = await refusalOf(sendWith(store, world.api.url, { method: "POST", body: "x" }));
  if (!(error instanceof WeirError)) throw new Error("it should have failed");
  expect(error.code).toBe("TOKEN_UNAVAILABLE");
  expect(arrivalOf(error) as string).toBe(arrival);
});

test("NO53 a body that can be read only once is not sent again with a renewed token", async () => {
  using world = await tokenWorld();
  const store = world.credentials.credentialStore("partner");
  const stream = async function* stream() {
    yield Buffer.from("x");
  };
  const body = { kind: "stream" as const, replayable: false, open: stream };
  const hop = { ...draftOf(world.api.url), method: "POST", body, hop: 0 };
  await store.dress(hop);
  expect(await refusalOf(store.answer(hop, headOf(401)))).toMatchObject({ code: "AUTH_BODY" });
});

test("a 401 is not answered by a static entry", async () => {
  using server = await startServer({ routes: { "/": { status: 401 } }, hits: 1 });
  const { credentials } = openKeychain({ entries: { gh: unbound }, env: ENV });
  const { status } = await sendWith(credentials.credentialStore("gh"), server.url);
  expect(status).toBe(401);
});

test("around() leaves a request without placeholders to the store below", async () => {
  const { credentials } = openKeychain({ entries: { gh: unbound }, env: ENV });
  const asked: unknown[] = [];
  const base: CredentialStore = {
    dress: async (hop) => (asked.push(hop), { lines: [["X-A", "b"]] }),
    answer: async (hop) => (asked.push(hop), undefined),
  };
  const hop = { ...draftOf("https://a.test/"), body: textBody("x"), hop: 0 };
  const store = credentials.around(base);
  expect(await store.dress(hop)).toEqual({ lines: [["X-A", "b"]] });
  expect(await store.answer(hop, headOf(401))).toBeUndefined();
  expect(asked).toEqual([hop, hop]);
});
