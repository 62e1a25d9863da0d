import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { closedPort, startServer } from "../../support/loopback-server.ts";
import { failureOf, type HookBench, openBench } from "./support.ts";

const FOLDER = join(import.meta.dir, "..", "..", "..", "fixtures", "plugins", "seeds");

/** Runs an example of the seeds as a script that may reach `port`, and returns what it logged. */
async function runExample(
  name: string,
  port: number,
  args: readonly string[],
): Promise<readonly string[]> {
  const source = readFileSync(join(FOLDER, name), "utf8");
  const bench = await openBench([source], { args, net: [`127.0.0.1:${port}`], mode: "script" });
  try {
    await bench.hooks.ready();
  } finally {
    await bench[Symbol.asyncDispose]();
  }
  return bench.logs.map((line) => line.replace(/^p0 /, ""));
}

test("seed 000: simple GET and POST with JSON", async () => {
  using server = await startServer({
    routes: { "GET /data": { json: { name: "Ada" } }, "POST /users": { status: 201 } },
  });
  expect(await runExample("simple-get.js", server.port, [server.url])).toEqual(["info Ada"]);
  expect(server.hits[1]?.text).toBe('{"name":"Alice","age":30}');
  expect(server.hits[1]?.header("content-type")).toBe("application/json");
});

test("seed 000: PUT with headers and timeout", async () => {
  using server = await startServer({ routes: { "PUT /resource": { body: "stored" } } });
  const lines = await runExample("custom-request.js", server.port, [server.url]);
  expect(lines).toEqual(["info 200 true object stored"]);
  const [hit] = server.hits;
  expect([hit?.text, hit?.header("authorization")]).toEqual(["data payload", "Bearer token123"]);
});

test("CR8 seed 000: the three-way check tells body, network failure and HTTP error apart", async () => {
  const dead = await closedPort();
  using server = await startServer({
    routes: { "/fine": { body: "yes" }, "/bad": { status: 404 }, "/moved": { status: 304 } },
  });
  const urls = [`${server.url}/fine`, `http://127.0.0.1:${dead}/`, `${server.url}/bad`];
  const lines = await runExample("three-way.js", server.port, [...urls, `${server.url}/moved`]);
  expect(lines[0]).toBe("info body yes");
  expect(lines[1]).toStartWith("error Request failed: HTTP request failed: ");
  expect(lines.slice(2)).toEqual(["error HTTP 404", "error HTTP 304"]);
});

test("CR15 seed 000: the fluent client", async () => {
  const dead = `http://127.0.0.1:${await closedPort()}/`;
  using server = await startServer({
    routes: { "GET /data": { body: "text" }, "POST /users": { json: { id: 7 } } },
  });
  const lines = await runExample("fluent.js", server.port, [server.url, dead]);
  expect(lines.slice(0, 2)).toEqual(["info text", "info 7"]);
  expect(lines[2]).toStartWith("info policy: HTTP request failed: ");
  expect(server.hits[1]?.text).toBe('{"name": "Alice"}');
});

async function openEnrich(url: string, port: number): Promise<HookBench> {
  const source = readFileSync(join(FOLDER, "enrich.js"), "utf8");
  const net = [`127.0.0.1:${port}`];
  return await openBench([source], { net, options: { url }, mode: "agent" });
}

test("CR17 CR18 seed 000: the enriching handler adds prices, and passes other tools", async () => {
  using server = await startServer({ replies: [{ json: { BTC: 1 } }] });
  await using bench = await openEnrich(`${server.url}/latest`, server.port);
  const call = { tool: "fetch_prices", args: { currency: "EUR" } };
  expect(await bench.hooks.tools.beforeCall(call)).toEqual({
    tool: "fetch_prices",
    args: { currency: "EUR", prices: { BTC: 1 } },
  });
  const other = { tool: "other", args: {} };
  expect(await bench.hooks.tools.beforeCall(other)).toEqual(other);
});

test("CR20 CR21 seed 000: the enriching handler cancels without prices", async () => {
  using server = await startServer({ replies: [{ status: 500 }] });
  await using bench = await openEnrich(`${server.url}/latest`, server.port);
  const call = { tool: "fetch_prices", args: {} };
  // A plain 500 has no error text, so the reason is the default.
  expect(await failureOf(bench.hooks.tools.beforeCall(call))).toEqual({
    code: "HOOK_CANCELLED",
    message: "Tool call cancelled by plugin enrich: cancelled",
  });
});

test("CH3 CH4 seed 001: a callback runs after its call, never inside", async () => {
  using server = await startServer({ routes: { "GET /data": { body: "hello" } } });
  const lines = await runExample("core-get.js", server.port, [server.url]);
  expect(lines).toEqual(["info inside false", "info Status: 200", "info Body: hello"]);
  const [hit] = server.hits;
  expect([hit?.header("authorization"), hit?.header("accept")]).toEqual([
    "Bearer my-token",
    "application/json",
  ]);
});

test("CH5 CH6 CH7 CH8 CH15 seed 001: POST with a token, and every other verb", async () => {
  const fine = { status: 200 };
  using server = await startServer({
    routes: {
      "POST /webhook": fine,
      "POST /data": fine,
      "PUT /data": fine,
      "DELETE /data": fine,
      "PATCH /data": fine,
    },
  });
  const lines = await runExample("core-post.js", server.port, [server.url]);
  expect(lines.toSorted()).toEqual(
    ["Webhook sent successfully", "post 200", "put 200", "delete 200", "patch 200"]
      .map((line) => `info ${line}`)
      .toSorted(),
  );
  const sent = (key: string) => server.hits.find((hit) => `${hit.method} ${hit.path}` === key);
  expect(sent("POST /webhook")?.header("authorization")).toBe("Bearer token123");
  expect(sent("PUT /data")?.header("content-type")).toBe("application/json");
  expect(sent("PATCH /data")?.header("content-type")).toBeUndefined();
  expect(sent("DELETE /data")?.text).toBe("");
});

test("CH17 CH18 seed 001: the Discord webhook is sent although nobody waits for it", async () => {
  using server = await startServer({ routes: { "/page": {}, "POST /hook": { status: 204 } } });
  const source = readFileSync(join(FOLDER, "discord.js"), "utf8");
  const options = { webhook: `${server.url}/hook` };
  const bench = await openBench([source], { net: [`127.0.0.1:${server.port}`], options });
  await bench.send(`${server.url}/page`);
  await bench[Symbol.asyncDispose]();
  const hook = server.hits.find((hit) => hit.path === "/hook");
  expect(hook?.text).toBe(
    JSON.stringify({ content: 'Evasion triggered by: Ann, Bob "the" Builder' }),
  );
  expect(bench.logs).toEqual([]);
});

test("CH17 seed 001: a simple GET on the first tick, and on no other", async () => {
  using server = await startServer({ hits: 3, routes: { "/page": {}, "/get": { body: "hello" } } });
  const source = readFileSync(join(FOLDER, "once.js"), "utf8");
  const options = { url: `${server.url}/get` };
  const bench = await openBench([source], { net: [`127.0.0.1:${server.port}`], options });
  for (const _ of [1, 2]) await bench.send(`${server.url}/page`);
  await bench[Symbol.asyncDispose]();
  expect(bench.logs).toEqual(["p0 info Status: 200", "p0 info Body: hello"]);
  expect(server.hits.filter((hit) => hit.path === "/get")).toHaveLength(1);
});

test("CH13 seed 001: response headers can be looped over", async () => {
  using server = await startServer({ replies: [{ headers: { "X-Custom": "hello" } }] });
  const lines = await runExample("headers.js", server.port, [server.url]);
  expect(lines).toContain("info x-custom: hello");
});

test("CH9 seed 001: explicit clients never share cookies", async () => {
  using server = await startServer({
    routes: {
      "GET /login": { headers: { "Set-Cookie": "sid=api; Path=/" } },
      "GET /api": {},
      "POST /ingest": {},
      "GET /default": {},
    },
  });
  expect(await runExample("clients.js", server.port, [server.url])).toEqual(["info done 200"]);
  expect(server.hits.map((hit) => [hit.path, hit.header("cookie")])).toEqual([
    ["/login", undefined],
    ["/api", "sid=api"],
    ["/ingest", undefined],
    ["/default", undefined],
  ]);
});
