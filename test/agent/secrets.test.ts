import { describe, expect, test } from "bun:test";
import {
  type Arrival,
  openWorld,
  type Play,
  stringsIn,
  type World,
} from "../support/agent-world.ts";
import { httpAnswer } from "../support/ssrf-server.ts";

// Credentials and secrets from the operator's configuration to the wire and back: they arrive where
// they belong, and nothing else that leaves weir has them.

const VALUE = 'ghp_R3AL+/"VALÜE';
const PASSWORD = "p4ssw0rd:with colon";
const ENV = { TOKEN: "ghp_REALVALUE", ODD: VALUE, PASSWORD };

const NAMES = {
  "api.example.com": [["203.0.114.7"]],
  "other.example.com": [["203.0.114.8"]],
};

const KEYCHAIN = `
[keychain.bearer]
kind = "bearer"
token = "env:TOKEN"
hosts = ["api.example.com"]
[keychain.basic]
kind = "basic"
user = "ops"
password = "env:PASSWORD"
hosts = ["api.example.com"]
[keychain.key]
kind = "api_key"
key = "env:TOKEN"
hosts = ["api.example.com"]
[keychain.query]
kind = "api_key"
key = "env:ODD"
query = "k"
hosts = ["api.example.com"]
[keychain.map]
kind = "header"
headers = { X-One = "env:TOKEN", X-Two = "env:PASSWORD" }
hosts = ["api.example.com"]
[keychain.odd]
kind = "static"
value = "env:ODD"
hosts = ["api.example.com"]
`;

function ruleConfig(credential: string, host = "*.example.com"): string {
  return `[http_request]\nenabled = true\n[[http_request.rule]]\nhost = "${host}"\ncredential = "${credential}"\n${KEYCHAIN}`;
}

const NAMED = `[http_request]
enabled = true
allowed_domains = ["*.example.com"]
[http_request.secrets]
gh = "bearer"
odd = "odd"
${KEYCHAIN}`;

function secretWorld(config: string, play?: Play): Promise<World> {
  return openWorld({ config, names: NAMES, env: ENV, ...(play === undefined ? {} : { play }) });
}

/** Asserts that nothing but the wire has any of the values. */
function expectHidden(world: World, ...answers: readonly unknown[]): void {
  const shown = [
    ...answers.flatMap(stringsIn),
    world.auditText(),
    ...world.audit().flatMap(stringsIn),
  ];
  for (const value of Object.values(ENV)) {
    const forms = [
      value,
      encodeURIComponent(value),
      JSON.stringify(value).slice(1, -1),
      Buffer.from(value).toString("base64").replace(/=+$/, ""),
      Buffer.from(value).toString("base64url"),
      Buffer.from(value).toString("hex"),
    ];
    for (const form of forms) expect(shown.filter((text) => text.includes(form))).toEqual([]);
  }
}

const API = "https://api.example.com/v1?page=2";

describe("PX22 ASK4 a credential of a rule", () => {
  test.each([
    { kind: "bearer", header: "authorization", want: "Bearer ghp_REALVALUE" },
    { kind: "basic", header: "authorization", want: `Basic ${btoa(`ops:${PASSWORD}`)}` },
    { kind: "key", header: "x-api-key", want: "ghp_REALVALUE" },
    { kind: "map", header: "x-one", want: "ghp_REALVALUE" },
    { kind: "map", header: "x-two", want: PASSWORD },
  ])("$kind takes the place of what the model set as $header", async ({ kind, header, want }) => {
    await using world = await secretWorld(ruleConfig(kind));
    const headers = {
      [header]: "from the model",
      [header.toUpperCase()]: "again",
      "X-Mine": "kept",
    };
    const answer = await world.get(API, { headers });
    expect(answer).toMatchObject({ success: true });
    expect(world.arrivals[0]?.headers.get(header)).toEqual([want]);
    expect(world.arrivals[0]?.headers.get("x-mine")).toEqual(["kept"]);
    expectHidden(world, answer);
  });

  test("in the query takes the place of the parameter and shows in no URL", async () => {
    await using world = await secretWorld(ruleConfig("query"));
    const answer = await world.get("https://api.example.com/v1?k=model&page=2");
    const query = new URLSearchParams(world.arrivals[0]?.target.split("?")[1]);
    expect([...query]).toEqual([
      ["page", "2"],
      ["k", VALUE],
    ]);
    expect(answer).toMatchObject({
      meta: { final_url: "https://api.example.com/v1?k=model&page=2" },
    });
    expectHidden(world, answer);
  });

  test.each([
    { name: "to another host of the rule", url: "https://other.example.com/" },
    { name: "over http", url: "http://api.example.com/" },
  ])("is not sent $name, and the model learns no host of it", async ({ url }) => {
    await using world = await secretWorld(ruleConfig("bearer"));
    const answer = await world.get(url);
    expect(answer).toMatchObject({ success: false, code: "SECRET_UNBOUND" });
    expect(world.arrivals).toEqual([]);
    if (url.includes("other")) expect(JSON.stringify(answer)).not.toContain("api.example.com");
    expect(world.audit().at(-1)).toMatchObject({ decision: "deny", code: "SECRET_UNBOUND" });
    expectHidden(world, answer);
  });

  test.each([
    { kind: "bearer", names: ["authorization"] },
    { kind: "key", names: ["x-api-key"] },
    { kind: "map", names: ["x-one", "x-two"] },
  ])("WEAK20 $kind stays with its host over a redirect", async ({ kind, names }) => {
    const play: Play = ({ host }) =>
      host === "api.example.com"
        ? httpAnswer("302 Found", { Location: "https://other.example.com/" })
        : httpAnswer("200 OK");
    const config = ruleConfig(kind, "api.example.com").replace(
      "enabled = true\n",
      'enabled = true\nallowed_domains = ["other.example.com"]\n',
    );
    await using world = await secretWorld(config, play);
    // What the model sets under these names goes no further either.
    const set = Object.fromEntries(names.map((name) => [name, "model"]));
    const answer = await world.get(API, { headers: set });
    expect(answer).toMatchObject({ success: true, meta: { redirects: 1 } });
    const sent = world.arrivals.map(({ host, headers }) => [
      host,
      names.filter((name) => headers.has(name)),
    ]);
    expect(sent).toEqual([
      ["api.example.com", [...names]],
      ["other.example.com", []],
    ]);
    expectHidden(world, answer);
  });

  test("that cannot be opened refuses the call", async () => {
    await using world = await openWorld({ config: ruleConfig("bearer"), names: NAMES });
    expect(await world.get(API)).toMatchObject({ success: false, code: "SECRET_UNRESOLVED" });
    expect(world.arrivals).toEqual([]);
  });
});

describe("ASK4 a secret by its name", () => {
  test.each([
    {
      name: "in a header",
      args: { headers: { "X-Key": "a {{secret:gh}} b {{secret:gh}}" } },
      sent: ({ headers }: Arrival) => headers.get("x-key"),
      want: ["a ghp_REALVALUE b ghp_REALVALUE"],
    },
    {
      name: "in a body of JSON, escaped",
      args: { method: "POST", body: { key: "{{secret:odd}}", "{{secret:gh}}": 1 } },
      sent: ({ body }: Arrival) => JSON.parse(Buffer.from(body, "latin1").toString()) as unknown,
      want: { key: VALUE, ghp_REALVALUE: 1 },
    },
    {
      name: "in a form, encoded",
      args: {
        method: "POST",
        headers: { "Content-Type": "application/x-www-form-urlencoded" },
        body: "a=1&key={{secret:odd}}&b=2",
      },
      sent: ({ body }: Arrival) => Object.fromEntries(new URLSearchParams(body)),
      want: { a: "1", key: VALUE, b: "2" },
    },
    {
      name: "in a text, as it is",
      args: { method: "PUT", body: "key: {{secret:odd}}." },
      sent: ({ body }: Arrival) => Buffer.from(body, "latin1").toString(),
      want: `key: ${VALUE}.`,
    },
  ])("is put in its place $name", async ({ args, sent, want }) => {
    await using world = await secretWorld(NAMED);
    const answer = await world.get(API, args);
    expect(answer).toMatchObject({ success: true });
    const [arrival] = world.arrivals;
    expect(arrival === undefined ? undefined : sent(arrival)).toEqual(want);
    // The length is that of the body that was sent.
    if (arrival !== undefined && arrival.method !== "GET") {
      expect(arrival.headers.get("content-length")).toEqual([String(arrival.body.length)]);
    }
    expectHidden(world, answer);
  });

  test.each([
    {
      name: "to a host it is not bound to",
      url: "https://other.example.com/",
      code: "SECRET_UNBOUND",
    },
    { name: "over http", url: "http://api.example.com/", code: "SECRET_UNBOUND" },
    { name: "under an unknown name", value: "{{secret:nope}}", code: "POLICY_DENIED" },
    {
      name: "under the name of an entry that no call may use",
      value: "{{secret:basic}}",
      code: "POLICY_DENIED",
    },
    {
      name: "under the name of a property of every object",
      value: "{{secret:__proto__}}",
      code: "POLICY_DENIED",
    },
    { name: "with spaces", value: "{{ secret:gh }}", code: "POLICY_DENIED" },
    { name: "in other letters", value: "{{SECRET:gh}}", code: "POLICY_DENIED" },
    { name: "without an end", value: "{{secret:gh}", code: "POLICY_DENIED" },
    { name: "in the query", url: "https://api.example.com/?t={{secret:gh}}", code: "POLICY" },
    {
      name: "in the path, encoded",
      url: "https://api.example.com/%7B%7Bsecret:gh%7D%7D",
      code: "POLICY",
    },
    { name: "in the fragment", url: "https://api.example.com/#{{secret:gh}}", code: "POLICY" },
  ])("is not sent $name", async ({ url = API, value = "{{secret:gh}}", code }) => {
    for (const args of [
      { headers: { "X-Key": value } },
      { method: "POST", body: value },
      { method: "POST", body: { a: [value] } },
    ]) {
      await using world = await secretWorld(NAMED);
      const answer = await world.get(url, args);
      expect(answer).toMatchObject({ success: false, code: expect.stringContaining(code) });
      expect([world.lookups, world.dialled]).toEqual([[], []]);
      expectHidden(world, answer);
    }
  });

  test("is not opened where it stands in an answer", async () => {
    const play: Play = () => httpAnswer("200 OK", { "X-Echo": "{{secret:gh}}" }, "{{secret:gh}}");
    await using world = await secretWorld(NAMED, play);
    const answer = await world.get(API, { headers: { "X-Key": "{{secret:odd}}" } });
    expect(answer.output).toContain("\n\n{{secret:gh}}");
    expectHidden(world, answer);
  });

  test("in a header stays with its host over a redirect, in a body ends it", async () => {
    const play: Play = ({ host }) =>
      host === "api.example.com"
        ? httpAnswer("307 Moved", { Location: "https://other.example.com/" })
        : httpAnswer("200 OK");
    await using world = await secretWorld(NAMED, play);
    const headers = { "X-Anything": "{{secret:gh}}" };
    expect(await world.get(API, { headers })).toMatchObject({ success: true });
    expect(world.arrivals.map((one) => one.headers.has("x-anything"))).toEqual([true, false]);
    const answer = await world.get(API, { method: "POST", body: "{{secret:gh}}" });
    expect(answer).toMatchObject({ success: false, code: "POLICY_REDIRECT" });
    expect(world.arrivals).toHaveLength(3);
    expectHidden(world, answer);
  });
});

describe("ASK4 a server that sends a secret back", () => {
  test.each([
    { name: "as it is", write: (text: string) => text },
    { name: "in base64", write: (text: string) => Buffer.from(text).toString("base64") },
    {
      name: "in base64 after one byte",
      write: (text: string) => Buffer.from(`x${text}`).toString("base64"),
    },
    {
      name: "in base64 after two bytes",
      write: (text: string) => Buffer.from(`xy${text}z`).toString("base64"),
    },
    { name: "in base64url", write: (text: string) => Buffer.from(text).toString("base64url") },
    { name: "in hex", write: (text: string) => Buffer.from(text).toString("hex") },
    {
      name: "in capital hex",
      write: (text: string) => Buffer.from(text).toString("hex").toUpperCase(),
    },
    { name: "percent-encoded", write: encodeURIComponent },
    { name: "escaped for JSON", write: (text: string) => JSON.stringify({ text }) },
  ])("$name is masked in body, header and reason, also byte by byte", async ({ write }) => {
    const play: Play = async ({ headers }, { socket }) => {
      const echo = write(Buffer.from(headers.get("x-key")?.[0] ?? "", "latin1").toString());
      const body = `before ${echo} after`;
      const header = /^[ -~]*$/.test(echo) ? echo : "";
      socket.write(`HTTP/1.1 200 ${header}\r\nX-Echo: ${header}\r\nContent-Type: text/plain\r\n`);
      socket.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n`);
      for (const byte of Buffer.from(body)) {
        socket.write(Uint8Array.of(byte));
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await using world = await secretWorld(NAMED, play);
    const answer = await world.get(API, { headers: { "X-Key": "{{secret:odd}}" } });
    expect(answer).toMatchObject({ success: true });
    expect(answer.output).toContain("before ");
    expect(answer.output).toContain("[redacted]");
    expectHidden(world, answer);
  });

  test("as the name of a header is masked there too", async () => {
    const play: Play = () => httpAnswer("200 OK", { ghp_REALVALUE: "1" });
    await using world = await secretWorld(NAMED, play);
    const answer = await world.get(API, { headers: { "X-Key": "{{secret:gh}}" } });
    expectHidden(world, answer);
    expect(JSON.stringify(answer).toLowerCase()).not.toContain("ghp_realvalue");
  });

  test("and is cut in its middle shows none of it", async () => {
    const play: Play = () =>
      httpAnswer("200 OK", { "Content-Type": "text/plain" }, `12345678 ghp_REALVALUE`);
    const config = NAMED.replace("enabled = true\n", "enabled = true\nmax_response_size = 20\n");
    await using world = await secretWorld(config, play);
    const answer = await world.get(API, { headers: { "X-Key": "{{secret:gh}}" } });
    expect(answer.output).toContain("\n\n12345678 \n\n[truncated: kept 20 bytes of 22]");
  });

  test("in a redirect is masked in URL, error and records", async () => {
    const play: Play = ({ target }) =>
      target.includes("REAL")
        ? httpAnswer("200 OK")
        : httpAnswer("302 Found", { Location: "/next/ghp_REALVALUE?x=ghp_REALVALUE" });
    await using world = await secretWorld(NAMED, play);
    const answer = await world.get(API, { headers: { "X-Key": "{{secret:gh}}" } });
    expect(answer).toMatchObject({ success: true, meta: { redirects: 1 } });
    expectHidden(world, answer);
  });

  test("as the host of a refused redirect is masked in the error", async () => {
    const play: Play = () =>
      httpAnswer("302 Found", {
        Location: "https://x.test/".replace("x", Buffer.from("ghp_REALVALUE").toString("hex")),
      });
    await using world = await secretWorld(NAMED, play);
    const answer = await world.get(API, { headers: { "X-Key": "{{secret:gh}}" } });
    expect(answer).toMatchObject({ success: false, code: "POLICY_REDIRECT" });
    expectHidden(world, answer);
  });
});
