import { describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { openWorld, type World } from "../../support/agent-world.ts";
import { httpAnswer } from "../../support/ssrf-server.ts";

const URL_TEXT = "http://api.test/a";

/** Opens an agent whose server answers with `data`, and whose cap is 20 bytes. */
function worldOf(data: string | Uint8Array, config = "max_response_size = 20\n"): Promise<World> {
  return openWorld({
    config: `[http_request]\nenabled = true\nallowed_domains = ["api.test"]\n${config}`,
    names: { "api.test": [["203.0.114.7"]] },
    play: (_arrival, responder) => {
      responder.write(data);
      responder.end();
    },
  });
}

const TEXT = { "Content-Type": "text/plain" };
const chunked = (text: string): string =>
  `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n0\r\n\r\n`;

describe("PX7 PX8 WEAK11 a body over the cap", () => {
  test.each([
    {
      name: "says how long it is when its length told",
      data: httpAnswer("200 OK", TEXT, "a".repeat(30)),
      note: "[truncated: kept 20 bytes of 30]",
    },
    {
      name: "says what is known when nothing told",
      data: chunked("a".repeat(30)),
      note: "[truncated: kept 20 bytes of more than 20]",
    },
    {
      name: "says what is known when the length is that of the coded body",
      data: httpAnswer("200 OK", { ...TEXT, "Content-Encoding": "gzip" }, gzipSync("a".repeat(30))),
      note: "[truncated: kept 20 bytes of more than 20]",
    },
  ])("$name", async ({ data, note }) => {
    await using world = await worldOf(data);
    const answer = await world.get(URL_TEXT);
    expect(answer.output).toEndWith(`\n\n${"a".repeat(20)}\n\n${note}`);
    expect(answer).toMatchObject({ meta: { truncated: true, bytes: 20 } });
    expect(world.audit().at(-1)).toMatchObject({ truncated: true, bytes: 20 });
  });

  test.each([
    { name: "two bytes", text: `${"a".repeat(19)}ü!`, shown: "a".repeat(19) },
    { name: "three bytes", text: `${"a".repeat(18)}€!`, shown: "a".repeat(18) },
    { name: "four bytes", text: `${"a".repeat(17)}😀!`, shown: "a".repeat(17) },
    { name: "none", text: `${"a".repeat(18)}ü!`, shown: `${"a".repeat(18)}ü` },
  ])("is cut before a character of $name", async ({ text, shown }) => {
    await using world = await worldOf(httpAnswer("200 OK", TEXT, text));
    const total = Buffer.byteLength(text);
    const { output } = await world.get(URL_TEXT);
    expect(output).toEndWith(`\n\n${shown}\n\n[truncated: kept 20 bytes of ${total}]`);
  });

  test("that is binary is cut and told by type", async () => {
    const bytes = new Uint8Array(30);
    await using world = await worldOf(httpAnswer("200 OK", {}, bytes));
    expect((await world.get(URL_TEXT)).output).toEndWith(
      "\n\n[binary: 20 bytes of unknown type]\n\n[truncated: kept 20 bytes of 30]",
    );
  });

  test("is no JSON to select from", async () => {
    const type = { "Content-Type": "application/json" };
    await using world = await worldOf(httpAnswer("200 OK", type, `["${"a".repeat(30)}"]`));
    expect(await world.get(URL_TEXT, { select: "$" })).toMatchObject({
      success: false,
      code: "DATA_BAD_CALL",
      hint: 'Ask again without "select"',
    });
  });
});

describe("PX16 a body that is no text", () => {
  const png = { "Content-Type": "image/png" };
  test.each([
    { name: "by its type", headers: png, body: "hello", type: "image/png" },
    { name: "by a NUL", headers: TEXT, body: "a\0b", type: "text/plain" },
    {
      name: "by bytes that are no UTF-8",
      headers: TEXT,
      body: Buffer.from([0x68, 0xff]),
      type: "text/plain",
    },
    { name: "without a type, by a NUL", headers: {}, body: "\0", type: "unknown type" },
  ])("is told $name", async ({ headers, body, type }) => {
    await using world = await worldOf(httpAnswer("200 OK", headers, body));
    const { output } = await world.get(URL_TEXT);
    expect(output).toEndWith(`\n\n[binary: ${Buffer.byteLength(body)} bytes of ${type}]`);
  });

  test("is no JSON to select from", async () => {
    await using world = await worldOf(httpAnswer("200 OK", png, "{}"));
    expect(await world.get(URL_TEXT, { select: "$" })).toMatchObject({ code: "DATA_BAD_CALL" });
  });

  test("is text when nothing says else", async () => {
    await using world = await worldOf(httpAnswer("200 OK", {}, "plain"));
    expect((await world.get(URL_TEXT)).output).toEndWith("\n\nplain");
  });
});

describe("PX15 WEAK12 response headers", () => {
  test("with cookies, credentials and tokens are masked, secrets in URLs too", async () => {
    const secret = "S3CR3T-VALUE";
    const names = [
      "Set-Cookie",
      "Authorization",
      "Proxy-Authorization",
      "X-Api-Key",
      "X-Auth-Token",
      "X-CSRF-Token",
      "X-XSRF-Token",
    ];
    const headers = {
      ...Object.fromEntries(names.map((name) => [name, secret])),
      Location: `https://u:${secret}@api.test/?access_token=${secret}&page=2`,
      "X-Plain": "seen",
    };
    await using world = await worldOf(httpAnswer("200 OK", headers));
    const answer = await world.get(URL_TEXT);
    expect(JSON.stringify(answer)).not.toContain(secret);
    for (const name of names) {
      expect(answer.output).toContain(`\n${name}: [redacted]\n`);
      expect(answer).toMatchObject({ meta: { headers: { [name.toLowerCase()]: "[redacted]" } } });
    }
    expect(answer.output).toContain("\nX-Plain: seen\n");
    expect(answer.output).toContain("&page=2");
  });

  test("that repeat stand as lines of their own, and joined in meta", async () => {
    const data = "HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 0\r\n\r\n";
    await using world = await worldOf(data);
    const answer = await world.get(URL_TEXT);
    expect(answer.output).toStartWith("Status: 200 OK\nX-A: 1\nx-a: 2\n");
    expect(answer).toMatchObject({ meta: { headers: { "x-a": "1, 2" } } });
  });

  test("with the name of a property of every object are data", async () => {
    const data = "HTTP/1.1 200 OK\r\n__proto__: 1\r\nconstructor: 2\r\nContent-Length: 0\r\n\r\n";
    await using world = await worldOf(data);
    expect(JSON.stringify(await world.get(URL_TEXT))).toContain(
      '"__proto__":"1","constructor":"2"',
    );
  });
});

describe("PX14 the layout", () => {
  test.each([
    {
      name: "of a 204",
      method: "GET",
      data: "HTTP/1.1 204 No Content\r\n\r\n",
      output: "Status: 204 No Content\n\n",
    },
    {
      name: "of a HEAD, whose length is that of a body that does not come",
      method: "HEAD",
      data: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
      output: "Status: 200 OK\nContent-Length: 5\n\n",
    },
    {
      name: "of an empty body",
      method: "GET",
      data: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
      output: "Status: 200 OK\nContent-Length: 0\n\n",
    },
    {
      name: "of a status without words",
      method: "GET",
      data: "HTTP/1.1 299 \r\nContent-Length: 1\r\n\r\nx",
      output: "Status: 299\nContent-Length: 1\n\nx",
    },
  ])("$name", async ({ method, data, output }) => {
    await using world = await worldOf(data);
    expect(await world.get(URL_TEXT, { method })).toMatchObject({ success: true, output });
  });

  test("keeps what a terminal obeys and what nobody sees as text", async () => {
    const body = "a\u001b]0;x\u0007b\u202ec\u{e0041}d";
    await using world = await worldOf(httpAnswer("200 OK", TEXT, body), "");
    const { output } = await world.get(URL_TEXT);
    expect(output).toEndWith(String.raw`a\x1b]0;x\x07b\u202ec\u{e0041}d`);
  });

  test("holds the selection, and meta its data", async () => {
    const json = { "Content-Type": "application/json" };
    await using world = await worldOf(httpAnswer("200 OK", json, '{"a":{"b":[1,2]}}'), "");
    const answer = await world.get(URL_TEXT, { select: "$.a" });
    expect(answer.output).toEndWith('\n\n{\n  "b": [\n    1,\n    2\n  ]\n}');
    expect(answer).toMatchObject({ meta: { result: { b: [1, 2] } } });
  });
});

describe("PX9 PX13 how a call ends without an answer", () => {
  test.each([
    { name: "a host that is not allowed", url: "http://evil.test/", code: "POLICY_DENIED" },
    { name: "a name that does not resolve", url: "http://gone.test/", code: "NET_DNS" },
    { name: "a server that says nothing", url: "http://mute.test/", code: "NET_CLOSED" },
    { name: "a body that breaks off", url: URL_TEXT, code: "NET_TRUNCATED" },
  ])("$name has a code of its own", async ({ url, code }) => {
    await using world = await openWorld({
      config:
        '[http_request]\nenabled = true\nallowed_domains = ["api.test", "gone.test", "mute.test"]\n',
      names: { "api.test": [["203.0.114.7"]], "mute.test": [["203.0.114.8"]] },
      play: ({ host }, responder) => {
        if (host !== "mute.test")
          responder.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
        responder.end();
      },
    });
    const answer = await world.get(url);
    expect(answer).toMatchObject({ success: false, output: "", code });
    expect(world.audit().at(-1)).toMatchObject({ kind: "outcome", success: false, code });
  });

  test("a longer timeout than allowed is cut, and the answer says so", async () => {
    await using world = await worldOf(httpAnswer("200 OK"), "max_timeout_secs = 60\n");
    expect(await world.get(URL_TEXT, { timeout_secs: 86_400 })).toMatchObject({
      meta: { timeout_clamped_secs: 60 },
    });
    expect(JSON.stringify(await world.get(URL_TEXT, { timeout_secs: 60 }))).not.toContain(
      "clamped",
    );
  });
});
