import { expect, test } from "bun:test";
import type { Clock } from "../../../lib/base/clock.ts";
import { textBody } from "../../../lib/http/body.ts";
import { bunRuntime } from "../../../lib/runtime/bun.ts";
import { startServer } from "../../support/loopback-server.ts";
import { failure } from "../../support/wire.ts";
import { failureOf, openBench } from "./support.ts";

test("CR16 CR19 a pre_request handler changes method, URL, headers and body", async () => {
  using server = await startServer({ replies: [{ body: "fine" }] });
  await using bench = await openBench([
    `weir.on("pre_request", async (event) => {
       const body = await event.json();
       event.method = "PUT";
       event.url = event.url.replace("/a", "/b");
       event.headers["x-new"] = "1";
       delete event.headers["x-old"];
       event.body = { ...body, more: true };
       return event;
     });`,
  ]);
  const answer = await bench.send(`${server.url}/a?q=1`, {
    method: "POST",
    headers: [
      ["X-Old", "1"],
      ["X-Kept", "a"],
      ["X-Kept", "b"],
    ],
    body: textBody('{"n":1}'),
  });
  expect(answer).toMatchObject({ status: 200, text: "fine" });
  const [hit] = server.hits;
  expect([hit?.method, hit?.target, hit?.text]).toEqual(["PUT", "/b?q=1", '{"n":1,"more":true}']);
  expect([hit?.header("x-new"), hit?.header("x-old")]).toEqual(["1", undefined]);
  expect(hit?.headers.filter(([name]) => name === "X-Kept")).toHaveLength(2);
});

test("CR25 a mutation without return has no effect", async () => {
  using server = await startServer({ replies: [{}] });
  await using bench = await openBench([
    `weir.on("pre_request", (event) => { event.headers["x-new"] = "1"; });`,
  ]);
  await bench.send(server.url);
  expect(server.hits[0]?.header("x-new")).toBeUndefined();
});

test("CR22 handlers run by priority, ties in load order, and post_request in reverse", async () => {
  using server = await startServer({ replies: [{}] });
  const plugin = (name: string, priority: number): string =>
    `export const plugin = { name: "${name}", capabilities: ["rewrite"] };
     weir.on("pre_request", { priority: ${priority} }, (event) => {
       event.headers.order = (event.headers.order ?? "") + "${name}";
       return event;
     });
     weir.on("post_request", { priority: ${priority} }, (event) => {
       event.headers.order = (event.headers.order ?? "") + "${name}";
       return event;
     });`;
  await using bench = await openBench([plugin("b", 100), plugin("a", 1), plugin("c", 100)]);
  const answer = await bench.send(server.url);
  expect([server.hits[0]?.header("order"), answer.headers["order"]]).toEqual(["abc", "cba"]);
});

test("cancel stops the request before the network and names plugin and reason", async () => {
  using server = await startServer({ hits: 0 });
  await using bench = await openBench([
    `export const plugin = { name: "stopper" };
     weir.on("pre_request", () => ({ cancel: true, reason: "not today" }));`,
  ]);
  expect(await failureOf(bench.send(server.url))).toEqual({
    code: "HOOK_CANCELLED",
    message: "Request cancelled by plugin stopper: not today",
  });
});

test("CR24 an object with type is a replacement, whatever else it holds", async () => {
  using server = await startServer({ replies: [{}] });
  await using bench = await openBench([
    `weir.on("pre_request", (event) => ({ ...event, cancel: true, respond: { status: 500 } }));`,
  ]);
  expect((await bench.send(server.url)).status).toBe(200);
});

test("an event that lost its type is no replacement, and what it asks for counts", async () => {
  using server = await startServer({ hits: 0 });
  await using bench = await openBench([
    `weir.on("pre_request", (event) => {
       delete event.type;
       event.cancel = true;
       event.reason = "not today";
       return event;
     });`,
  ]);
  const { code, message } = await failureOf(bench.send(server.url));
  expect([code, message]).toEqual(["HOOK_CANCELLED", expect.stringContaining("not today")]);
});

test("respond answers without the network, and post_request handlers run", async () => {
  using server = await startServer({ hits: 0 });
  await using bench = await openBench([
    `export const plugin = { name: "answerer", capabilities: ["respond", "rewrite"] };
     weir.on("pre_request", () => ({ respond: { status: 201, headers: { "x-a": "1" }, body: { ok: true } } }));
     weir.on("post_request", (event) => { event.headers["x-b"] = "2"; return event; });`,
  ]);
  const answer = await bench.send(server.url);
  expect(answer).toMatchObject({
    status: 201,
    text: '{"ok":true}',
    headers: { "x-a": "1", "x-b": "2", "content-type": "application/json" },
    isSynthetic: true,
  });
});

test("a post_request handler reads and rewrites status, headers and body", async () => {
  using server = await startServer({ replies: [{ json: { n: 1 }, gzip: true }] });
  await using bench = await openBench([
    `weir.on("post_request", async (event) => {
       const { n } = await event.json();
       event.status = 299;
       event.body = "n is " + n + " of " + event.hops.length + " at " + event.request.method;
       return event;
     });`,
  ]);
  expect(await bench.send(server.url)).toMatchObject({ status: 299, text: "n is 1 of 1 at GET" });
});

test("a post_request handler that only looks leaves a body it read", async () => {
  using server = await startServer({ replies: [{ body: "0123456789".repeat(20_000) }] });
  await using bench = await openBench([
    `weir.on("post_request", async (event) => { log.info((await event.text()).length, (await event.bytes()).length); });`,
  ]);
  expect((await bench.send(server.url)).text).toHaveLength(200_000);
  expect(bench.logs).toEqual(["p0 info 200000 200000"]);
});

test("CR28 post_request may fail the exchange and not cancel it", async () => {
  using server = await startServer({ replies: [{ body: "<html>" }, { body: "<html>" }] });
  await using failing = await openBench([
    `weir.on("post_request", () => ({ fail: true, reason: "not JSON" }));`,
  ]);
  expect(await failureOf(failing.send(server.url))).toMatchObject({
    code: "HOOK_FAILED",
    message: "Plugin p0 failed the response: not JSON",
  });
  await using cancelling = await openBench([`weir.on("post_request", () => ({ cancel: true }));`]);
  expect((await cancelling.send(server.url)).status).toBe(200);
  expect(cancelling.warnings).toHaveLength(1);
});

test("an error handler sees the failure and may answer in its place", async () => {
  await using bench = await openBench([
    `export const plugin = { name: "fallback", capabilities: ["respond"] };
     weir.on("error", (event) => ({ respond: { status: 503, body: event.error_code } }));`,
  ]);
  expect(await bench.send("http://127.0.0.1:1/")).toMatchObject({
    status: 503,
    text: "NET_REFUSED",
  });
});

test("attempt handlers see each attempt and may change its headers alone", async () => {
  using server = await startServer({ replies: [{}] });
  await using bench = await openBench([
    `weir.on("pre_attempt", (event, ctx) => {
       event.headers.attempt = String(ctx.attempt);
       event.url = "http://127.0.0.1:1/";
       return event;
     });
     weir.on("post_attempt", (event) => log.info(event.status));`,
  ]);
  await bench.send(server.url);
  expect([server.hits[0]?.header("attempt"), bench.logs]).toEqual(["1", ["p0 info 200"]]);
});

test.each([
  { name: "a replacement without rewrite", capability: "rewrite", code: "(event) => event" },
  { name: "a response without respond", capability: "respond", code: "() => ({ respond: {} })" },
])("CR27 a plugin is refused $name", async ({ capability, code }) => {
  using server = await startServer({ hits: 0 });
  await using bench = await openBench([
    `export const plugin = { name: "greedy", capabilities: [] };
     weir.on("pre_request", ${code});`,
  ]);
  const failure = await failureOf(bench.send(server.url));
  expect(failure.code).toBe("HOOK_CAPABILITY");
  expect(failure.message).toContain(`without the capability ${capability}`);
});

test.each([
  { name: "a scalar", code: "() => 1" },
  { name: "a misspelled directive", code: "() => ({ cancle: true })" },
  {
    name: "a header that smuggles a line",
    code: `(e) => { e.headers.a = "b\\r\\nc: d"; return e; }`,
  },
  { name: "a header that is no token", code: `(e) => { e.headers["a b"] = "c"; return e; }` },
  { name: "a URL of another scheme", code: `(e) => { e.url = "file:///etc/passwd"; return e; }` },
  { name: "a URL with a password", code: `(e) => { e.url = "http://a:b@127.0.0.1/"; return e; }` },
  { name: "a method that is no token", code: `(e) => { e.method = "GET /x"; return e; }` },
  { name: "headers that are no object", code: `(e) => { e.headers = 7; return e; }` },
  { name: "an error", code: `() => { throw new Error("no"); }` },
])("a pre_request handler that returns or throws $name refuses the request", async ({ code }) => {
  using server = await startServer({ hits: 0 });
  await using bench = await openBench([`weir.on("pre_request", ${code});`]);
  const { code: errorCode, message } = await failureOf(bench.send(server.url));
  expect(errorCode).toBe("HOOK_FAILED");
  expect(message).toContain("Plugin p0 failed in pre_request");
  expect(message).toMatch(/\(p0\.js:1:\d+\)$/);
});

test.each([
  {
    name: "a message of 100,000 letters",
    code: `() => { throw new Error("long " + "\\u20ac".repeat(100_000)); }`,
    says: "failed in pre_request: long ",
  },
  {
    name: "a name of 100,000 letters",
    code: `() => { throw Object.assign(new Error("named"), { name: "n".repeat(100_000) }); }`,
    says: "nnn: named (p0.js:",
  },
  {
    name: "texts that it made no texts",
    code: `async () => { globalThis.String = () => ({ slice: () => 5 }); await (async () => { for (;;); })(); }`,
    says: "ran for more than 100 ms",
  },
  {
    name: "an interruption that it caught",
    code: `async (event) => { await (async () => { for (;;); })().catch(() => 1); return event; }`,
    says: "ran for more than 100 ms",
  },
])("a handler that fails with $name is told of as ever", async ({ code, says }) => {
  using server = await startServer({ hits: 0 });
  await using bench = await openBench([
    `export const plugin = { capabilities: ["rewrite"], limits: { deadline_ms: 100, timeout_ms: 3000 } };
     weir.on("pre_request", ${code});`,
  ]);
  const { code: errorCode, message } = await failureOf(bench.send(server.url));
  expect(errorCode).toBe("HOOK_FAILED");
  expect(message).toContain(says);
  // The sandbox would complain of what it could not tell.
  expect(bench.logs).toEqual([]);
});

test.each([
  { name: "nothing", code: "toJSON: () => undefined" },
  { name: "text", code: `toJSON: () => "text"` },
])("a toJSON that makes $name of what a handler returns is not asked", async ({ code }) => {
  using server = await startServer({ replies: [{}] });
  await using bench = await openBench([
    `export const plugin = { capabilities: ["rewrite", "respond"] };
     weir.on("pre_request", { pattern: "**/own" }, () => ({ respond: { status: 201, ${code} } }));
     weir.on("pre_request", () => ({ headers: { "x-a": "1" }, ${code} }));`,
  ]);
  expect((await bench.send(`${server.url}/own`)).status).toBe(201);
  await bench.send(server.url);
  expect(server.hits[0]?.header("x-a")).toBe("1");
});

test("CR26 post_request fails open with a warning, and closed when the manifest says so", async () => {
  using server = await startServer({ replies: [{ body: "x" }, { body: "x" }] });
  const code = `weir.on("post_request", () => { throw new TypeError("oh"); });`;
  await using open = await openBench([code]);
  expect((await open.send(server.url)).text).toBe("x");
  expect(open.warnings).toEqual(["Plugin p0 failed in post_request: TypeError: oh (p0.js:1:52)"]);
  await using closed = await openBench([
    `export const plugin = { name: "strict", fail: { post_request: "closed" } }; ${code}`,
  ]);
  expect(await failureOf(closed.send(server.url))).toMatchObject({ code: "HOOK_FAILED" });
});

test("a pattern limits a handler to the URLs it matches", async () => {
  using server = await startServer({ replies: [{}, {}] });
  await using bench = await openBench([
    `weir.on("pre_request", { pattern: "${server.url}/api/**" }, (e) => { e.headers.seen = "1"; return e; });`,
  ]);
  await bench.send(`${server.url}/other`);
  await bench.send(`${server.url}/api/a/b?c=d`);
  expect(server.hits.map((hit) => hit.header("seen"))).toEqual([undefined, "1"]);
});

test("CR23 an unknown event is refused when the plugin loads, with the nearest name", async () => {
  await using bench = await openBench([`weir.on("pre_requst", () => {});`]);
  const { message } = await failureOf(bench.hooks.ready());
  expect(message).toContain("Did you mean pre_request?");
});

test("CR29 ctx.store is kept for the run, and options reach the handler", async () => {
  using server = await startServer({ replies: [{}, {}] });
  await using bench = await openBench(
    [
      `export const plugin = { name: "counter", options: { step: 1 }, capabilities: ["rewrite"] };
       crucible.on("pre_request", (event, ctx) => {
         const count = (ctx.store.get("count") ?? 0) + ctx.options.step;
         ctx.store.set("count", count);
         event.headers.count = count + "/" + ctx.mode + "/" + ctx.plugin;
         return event;
       });`,
    ],
    { options: { step: 2 } },
  );
  await bench.send(server.url);
  await bench.send(server.url);
  expect(server.hits.map((hit) => hit.header("count"))).toEqual(["2/raw/counter", "4/raw/counter"]);
});

test("a plugin without a handler is told of, for one that exports them as elsewhere does nothing", async () => {
  using server = await startServer({ replies: [{}] });
  await using bench = await openBench([
    "export function pre_request() { throw new Error('never called'); }",
    `weir.on("pre_request", () => {});`,
  ]);
  await bench.send(server.url);
  expect(bench.warnings).toEqual(["Plugin p0 does nothing: it calls weir.on() nowhere"]);
});

test("what a plugin does not await and is given up at the end is told of", async () => {
  const clock: Clock = {
    ...bunRuntime.clock,
    after: (delayMs, task) => bunRuntime.clock.after(delayMs === 5000 ? 50 : delayMs, task),
  };
  const bench = await openBench(
    [`weir.on("load", () => { setTimeout(() => print("late"), 20_000); });`],
    { runtime: { ...bunRuntime, clock } },
  );
  await bench.hooks.ready();
  await bench[Symbol.asyncDispose]();
  expect(bench.warnings).toEqual([
    "Plugin p0 still had something under way, which is given up after 5 s",
  ]);
  expect(bench.logs).toEqual([]);
});

test("a body from a pipe that a handler reads is refused with what to do instead", async () => {
  await using bench = await openBench([`weir.on("pre_request", (event) => event.text());`]);
  async function* open() {
    yield new Uint8Array([97]);
  }
  const body = { kind: "stream", replayable: false, open } as const;
  const error = await failure(bench.send("http://127.0.0.1:1/", { method: "POST", body }));
  expect(error.message).toContain("from a file, with @FILE (p0.js:1:");
});
