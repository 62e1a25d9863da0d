import { expect, test } from "bun:test";
import { startServer } from "../../support/loopback-server.ts";
import { openBench } from "./support.ts";

// Bodies and headers on their way into the engine and out of it: both ways have a short cut for what
// is large or plain, and nothing may get lost where it does not apply.

const LARGE = 20_000;

test.each([
  { name: "ASCII", text: "plain" },
  { name: "nothing but one NUL", text: "\0" },
  { name: "NULs within and at the end", text: "a\0b\0\0ü\0" },
  { name: "umlauts", text: "äöü" },
  { name: "characters of four bytes", text: "😀x😀" },
  { name: "a NUL after characters of four bytes", text: "😀\0x" },
])("text of $name comes back as it was, small and large", async ({ text }) => {
  const large = text.repeat(LARGE);
  using server = await startServer({
    hits: "any",
    routes: { "/s": { body: text }, "/l": { body: large } },
  });
  await using bench = await openBench([
    `export const plugin = { name: "echo", capabilities: ["rewrite"] };
     weir.on("post_request", async (event) => {
       const text = await event.text();
       event.headers["x-length"] = String(text.length);
       event.body = text;
       return event;
     });`,
  ]);
  for (const [path, want] of [
    ["/s", text],
    ["/l", large],
  ] as const) {
    const { headers, text: got } = await bench.send(server.url + path);
    expect(got === want).toBe(true);
    expect(headers["x-length"]).toBe(String(want.length));
  }
});

test.each([
  { name: "a byte order mark", bytes: [0xef, 0xbb, 0xbf, 0x61], want: "a" },
  { name: "a byte that is no UTF-8", bytes: [0x61, 0xff, 0x62], want: "a\ufffdb" },
  { name: "half of a character", bytes: [0x61, 0xe2, 0x82], want: "a\ufffd" },
])("$name is read as everywhere, small and large", async ({ bytes, want }) => {
  const tail = "x".repeat(LARGE);
  const body = (more: string): Uint8Array => new Uint8Array([...bytes, ...Buffer.from(more)]);
  const routes = { "/s": { body: body("!") }, "/l": { body: body(`!${tail}`) } };
  using server = await startServer({ hits: "any", routes });
  await using bench = await openBench([
    `export const plugin = { name: "echo", capabilities: ["rewrite"] };
     weir.on("post_request", async (event) => { event.body = await event.text(); return event; });`,
  ]);
  expect((await bench.send(`${server.url}/s`)).text).toBe(`${want}!`);
  expect((await bench.send(`${server.url}/l`)).text === `${want}!${tail}`).toBe(true);
});

test("half of a surrogate pair in a body is replaced, as TextEncoder does", async () => {
  using server = await startServer({ replies: [{ body: "x" }] });
  await using bench = await openBench([
    String.raw`export const plugin = { name: "half", capabilities: ["rewrite"] };
     weir.on("post_request", (event) => { event.body = "a\ud800b"; return event; });`,
  ]);
  expect((await bench.send(server.url)).text).toMatch(/^a\ufffd+b$/);
});

test("btoa, TextEncoder and basic authentication take text with NULs whole", async () => {
  using server = await startServer({ replies: [{}, {}] });
  await using bench = await openBench(
    [
      String.raw`log.info(btoa("a\0b"), new TextEncoder().encode("a\0b").length);
       await http.client({ auth: { user: "a\0b", password: "" } }).get("${server.url}/");
       await http.post("${server.url}/", { body: "a\0b" });`,
    ],
    { net: [`127.0.0.1:${server.port}`], args: [] },
  );
  await bench.hooks.ready();
  expect(bench.logs).toEqual([`p0 info ${btoa("a\0b")} 3`]);
  expect(server.hits[0]?.header("authorization")).toBe(`Basic ${btoa("a\0b:")}`);
  expect(server.hits[1]?.text).toBe("a\0b");
});

test("a body is the same in the first call and in those after it, read or assigned", async () => {
  using server = await startServer({ hits: "any", routes: { "/": {} } });
  await using bench = await openBench([
    `export const plugin = { name: "first", capabilities: ["rewrite"] };
     weir.on("pre_request", { priority: 1 }, async (event) => {
       const before = await event.text();
       event.body = before + "+";
       event.headers["x-read"] = (await event.text()) + (await event.text());
       return event;
     });
     weir.on("pre_request", { priority: 2 }, async (event) => {
       event.headers["x-second"] = await event.text();
       return event;
     });`,
  ]);
  for (const text of ["one", "two", "three"]) {
    const body = { kind: "bytes", bytes: Buffer.from(text) } as const;
    await bench.send(`${server.url}/`, { method: "POST", body });
  }
  expect(
    server.hits.map((hit) => [hit.text, hit.header("x-read"), hit.header("x-second")]),
  ).toEqual(["one", "two", "three"].map((text) => [`${text}+`, `${text}+${text}+`, `${text}+`]));
});

test("headers_all shows every line, and what is changed in it counts", async () => {
  using server = await startServer({
    replies: [
      {
        headers: [
          ["X-A", "1"],
          ["X-A", "2"],
          ["Constructor", "c"],
          ["X-B", "b"],
        ],
      },
    ],
  });
  await using bench = await openBench([
    `export const plugin = { name: "lists", capabilities: ["rewrite"] };
     weir.on("post_request", (event) => {
       const { headers_all: all, headers, request } = event;
       log.info([all["x-a"], all.constructor, headers["x-a"], "repeated" in event]);
       log.info([request.headers_all["user-agent"], "repeated" in request]);
       all["x-a"] = ["3", "4"];
       delete all["x-b"];
       return event;
     });`,
  ]);
  const { headers } = await bench.send(server.url);
  expect(bench.logs).toEqual([
    'lists info [["1","2"],["c"],"1, 2",false]',
    'lists info [["weir"],false]',
  ]);
  expect([headers["x-a"], headers["x-b"], headers["constructor"]]).toEqual(["4", undefined, "c"]);
});

test("of two spellings of a header the one that the plugin added counts", async () => {
  using server = await startServer({ replies: [{}, {}] });
  await using bench = await openBench([
    `export const plugin = { name: "speller", capabilities: ["rewrite"] };
     weir.on("pre_request", (event) => {
       event.headers["X-Token"] = "new";
       return event.url.endsWith("/copy") ? { ...event } : event;
     });`,
  ]);
  for (const path of ["/event", "/copy"]) {
    await bench.send(server.url + path, { headers: [["x-token", "old"]] });
  }
  const values = server.hits.map(({ headers }) =>
    headers.flatMap(([name, value]) => (name.toLowerCase() === "x-token" ? [value] : [])),
  );
  expect(values).toEqual([["new"], ["new"]]);
});

test("a response of a server with a header called constructor is one like any other", async () => {
  using server = await startServer({
    replies: [
      {
        headers: [
          ["Constructor", "a"],
          ["Constructor", "b"],
          ["ToString", "c"],
        ],
      },
    ],
  });
  await using bench = await openBench(
    [
      `const { headers, headers_all } = await http.get("${server.url}");
       log.info([headers.constructor, headers_all.constructor, headers.tostring]);`,
    ],
    { net: [`127.0.0.1:${server.port}`], args: [] },
  );
  await bench.hooks.ready();
  expect(bench.logs).toEqual(['p0 info ["a, b",["a","b"],"c"]']);
});

test("the events of a try have no body to read, and say so", async () => {
  using server = await startServer({ replies: [{ body: "fine" }] });
  await using bench = await openBench([
    `for (const name of ["pre_attempt", "post_attempt"]) {
       weir.on(name, (event) => event.text().catch(({ code }) => void log.info(name, code)));
     }`,
  ]);
  const { text } = await bench.send(server.url, { method: "POST" });
  expect(text).toBe("fine");
  expect(bench.logs).toEqual([
    "p0 info pre_attempt HOOK_FAILED",
    "p0 info post_attempt HOOK_FAILED",
  ]);
  expect(bench.warnings).toEqual([]);
});
