import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Retry } from "../../../lib/exchange/ports.ts";
import { type Reply, startServer } from "../../support/loopback-server.ts";
import { failureOf, openBench } from "./support.ts";

// Runs every piece of code of `weir help plugins`.

const PAGE = readFileSync(join(import.meta.dir, "../../../cli/manual/plugins.md"), "utf8");

/** Returns the code that the page calls `name`. */
function codeOf(name: string): string {
  const found = PAGE.split("```js file=").find((part) => part.startsWith(`${name}\n`));
  const code = found?.slice(name.length + 1).split("\n```")[0];
  if (code === undefined) throw new Error(`The page has no ${name}`);
  return code;
}

test("the page has no code that is not run here", () => {
  const names = [...PAGE.matchAll(/^```js file=(\S+)$/gm)].map(([, name]) => name);
  expect(names).toEqual([
    "mark.js",
    "cache-busting.js",
    "patience.js",
    "enrich.js",
    "refresh.js",
    "webhook.js",
    "report.js",
  ]);
  expect(PAGE.match(/^```js$/gm)).toBeNull();
});

test("the plugin of README.md exports its manifest as one", async () => {
  const readme = readFileSync(join(import.meta.dir, "../../../README.md"), "utf8");
  const code = /```js\n(\/\/ trace\.js\n[^`]*)```/.exec(readme)?.[1] ?? "";
  using server = await startServer({ replies: [{}] });
  await using bench = await openBench([code]);
  await bench.send(server.url);
  expect(server.hits[0]?.header("x-trace")).toBe("abc");
  expect(bench.hooks.plugins.map(({ manifest }) => [manifest.name, manifest.version])).toEqual([
    ["trace", "1.0.0"],
  ]);
});

test("mark.js sets the header of its options", async () => {
  using server = await startServer({ replies: [{}, {}] });
  await using bench = await openBench([codeOf("mark.js")]);
  await bench.send(server.url);
  await using red = await openBench([codeOf("mark.js")], { options: { team: "red" } });
  await red.send(server.url);
  expect(server.hits.map((hit) => hit.header("x-team"))).toEqual(["none", "red"]);
});

test("cache-busting.js changes the query of a GET that its pattern matches", async () => {
  using server = await startServer({ replies: [{}, {}] });
  const code = codeOf("cache-busting.js").replace("https://api.example.com", server.url);
  await using bench = await openBench([code]);
  await bench.send(`${server.url}/a?b=c`);
  await bench.send(`${server.url}/a?b=c`, { method: "DELETE" });
  expect(server.hits[0]?.target).toMatch(/^\/a\?b=c&t=\d+$/);
  expect(server.hits[1]?.target).toBe("/a?b=c");
});

test("patience.js waits twice as long, and gives up after three tries", async () => {
  using server = await startServer({ replies: Array.from({ length: 3 }, () => ({ status: 503 })) });
  const waits: number[] = [];
  const retry: Retry = {
    next: async () => ({ waitMs: 2, reason: "503" }),
    waiting: (_made, wait) => void waits.push(wait.waitMs),
  };
  await using bench = await openBench([codeOf("patience.js")], { retry });
  expect((await bench.send(server.url)).status).toBe(503);
  expect(waits).toEqual([4, 4]);
});

test("enrich.js adds a nonce, and cancels when there is none", async () => {
  using auth = await startServer({ replies: [{ json: { nonce: "n1" } }, { status: 503 }] });
  using server = await startServer({ replies: [{}] });
  await using bench = await openBench([codeOf("enrich.js")], {
    net: [`127.0.0.1:${auth.port}`],
    options: { nonce_url: `${auth.url}/nonce` },
  });
  await bench.send(server.url);
  expect(server.hits[0]?.header("x-nonce")).toBe("n1");
  const { message } = await failureOf(bench.send(server.url));
  expect(message).toBe("Request cancelled by plugin enrich: HTTP 503");
});

test("refresh.js repeats a request that got a 401 with a new token", async () => {
  using auth = await startServer({ replies: [{ json: { access_token: "t1" } }, { status: 503 }] });
  using server = await startServer({
    replies: [{ status: 401 }, { status: 201, json: { id: 7 } }, { status: 401 }],
  });
  const code = codeOf("refresh.js").replace("https://auth.example.com", auth.url);
  await using bench = await openBench([code], {
    net: [`127.0.0.1:${auth.port}`, `127.0.0.1:${server.port}`],
  });
  const draft = { method: "DELETE", defaults: [["Connection", "keep-alive"]] } as const;
  expect(await bench.send(`${server.url}/a`, draft)).toMatchObject({
    status: 201,
    text: '{"id":7}',
  });
  expect(server.hits.map((hit) => [hit.method, hit.target, hit.header("authorization")])).toEqual([
    ["DELETE", "/a", undefined],
    ["DELETE", "/a", "Bearer t1"],
  ]);
  const { message } = await failureOf(bench.send(server.url));
  expect(message).toBe("Plugin refresh failed the response: no token");
});

test("webhook.js posts what went wrong", async () => {
  using hook = await startServer({ replies: [{ status: 204 }] });
  using server = await startServer({ replies: [{ status: 500 }] });
  const bench = await openBench([codeOf("webhook.js")], {
    net: [`127.0.0.1:${hook.port}`],
    options: { url: hook.url },
  });
  await bench.send(`${server.url}/x`);
  await bench[Symbol.asyncDispose]();
  expect(JSON.parse(hook.hits[0]?.text ?? "")).toEqual({ content: `${server.url}/x: HTTP 500` });
});

const REPORTS: readonly {
  readonly name: string;
  readonly reply: Reply;
  readonly lines: readonly string[];
  readonly status: number;
}[] = [
  { name: "a list", reply: { json: [{ name: "a" }, { name: "b" }] }, lines: ["a", "b"], status: 0 },
  { name: "an error status", reply: { status: 404 }, lines: ["HTTP 404"], status: 1 },
];

test.each(REPORTS)("report.js prints $name", async ({ reply, lines, status }) => {
  using server = await startServer({ replies: [reply] });
  const net = [`127.0.0.1:${server.port}`];
  await using bench = await openBench([codeOf("report.js")], { net, args: [server.url] });
  await bench.hooks.ready();
  expect(bench.logs.map((line) => line.split(" ").slice(2).join(" "))).toEqual([...lines]);
  expect(bench.hooks.plugins[0]?.status).toBe(status);
});
