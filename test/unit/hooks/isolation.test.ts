import { expect, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Secret } from "../../../lib/base/secret.ts";
import { bunRuntime } from "../../../lib/runtime/bun.ts";
import { startServer } from "../../support/loopback-server.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { failureOf, openBench } from "./support.ts";

// What one plugin must not reach: another plugin, the main request, hosts it was not granted, files.

const LOOKS_AT = (url: string): string => `await http.get("${url}")`;

test("cookies of a plugin reach neither another plugin nor the main request", async () => {
  using server = await startServer({
    hits: "any",
    routes: {
      "/login": { headers: { "Set-Cookie": "sid=plugin; Path=/" } },
      "/main": {},
      "/look": {},
    },
  });
  const asker = (name: string, path: string): string =>
    `export const plugin = { name: "${name}" };
     weir.on("pre_request", async () => { ${LOOKS_AT(server.url + path)}; });`;
  await using bench = await openBench([asker("one", "/login"), asker("two", "/look")], {
    net: [`127.0.0.1:${server.port}`],
  });
  await bench.send(`${server.url}/main`);
  await bench.send(`${server.url}/main`);
  const cookies = server.hits.map((hit) => [hit.path, hit.header("cookie")]);
  // The plugin's own second request has its cookie; nothing else does.
  expect(cookies).toEqual([
    ["/login", undefined],
    ["/look", undefined],
    ["/main", undefined],
    ["/login", "sid=plugin"],
    ["/look", undefined],
    ["/main", undefined],
  ]);
});

test("cookies and credentials of the main request reach no plugin and none of its requests", async () => {
  using server = await startServer({
    hits: "any",
    routes: { "/main": { headers: { "Set-Cookie": "sid=main; Path=/" } }, "/look": {} },
  });
  await using bench = await openBench(
    [
      `weir.on("pre_request", async (event) => {
         log.info(JSON.stringify(event.headers));
         ${LOOKS_AT(`${server.url}/look`)};
       });
       weir.on("post_request", (event) => log.info(JSON.stringify([event.headers, event.request, event.hops])));`,
    ],
    { net: [`127.0.0.1:${server.port}`] },
  );
  await bench.send(`${server.url}/main`);
  await bench.send(`${server.url}/main`);
  const main = server.hits.filter((hit) => hit.path === "/main");
  expect(main[1]?.header("cookie")).toBe("sid=main");
  expect(
    server.hits.filter((hit) => hit.path === "/look").map((hit) => hit.header("cookie")),
  ).toEqual([undefined, undefined]);
  expect(bench.logs.join("\n")).not.toContain("sid=main");
});

test("CR32 globals and the store of one plugin are not those of another", async () => {
  using server = await startServer({ replies: [{}] });
  await using bench = await openBench([
    `export const plugin = { name: "one" };
     globalThis.shared = 1; Object.prototype.leak = 1;
     weir.on("pre_request", { priority: 1 }, (event, ctx) => { ctx.store.set("key", "one"); });`,
    `export const plugin = { name: "two" };
     weir.on("pre_request", (event, ctx) => {
       log.info(typeof shared, ({}).leak, ctx.store.get("key"));
     });`,
  ]);
  await bench.send(server.url);
  expect(bench.logs).toEqual(["two info undefined undefined undefined"]);
});

test.each([
  { name: "by its URL", ask: (url: string) => `http.get("${url}/x")` },
  { name: "by a client", ask: (url: string) => `http.client({ baseUrl: "${url}" }).get("/x")` },
  {
    name: "by the name of the machine",
    ask: (url: string) => `http.get("${url}/x".replace("127.0.0.1", "localhost"))`,
  },
  {
    name: "by another spelling of the address",
    ask: (url: string) => `http.get("${url}/x".replace("127.0.0.1", "0x7f.1"))`,
  },
  {
    name: "by IPv4 in IPv6",
    ask: (url: string) => `http.get("${url}/x".replace("127.0.0.1", "[::ffff:127.0.0.1]"))`,
  },
  {
    name: "with the host of another in its header",
    ask: (url: string) => `http.get("${url}/x", { headers: { host: "granted.test" } })`,
  },
  {
    name: "by a user name that looks like a host",
    ask: (url: string) => `http.get("${url}/x".replace("//", "//granted.test@"))`,
  },
])("a plugin does not reach a host it was not granted $name", async ({ ask }) => {
  using forbidden = await startServer({ hits: 0 });
  await using bench = await openBench(
    [`const { status, error_code } = await ${ask(forbidden.url)}; log.info(status, error_code);`],
    { net: ["granted.test"], args: [] },
  );
  await bench.hooks.ready();
  expect(bench.logs[0]).toMatch(/^p0 info 0 (?:policy|protocol|dns)$/);
});

test("a plugin is not led out of its grant by a redirect", async () => {
  using forbidden = await startServer({ hits: 0 });
  using granted = await startServer({
    replies: [{ status: 302, headers: { Location: `${forbidden.url}/stolen` } }],
  });
  await using bench = await openBench(
    [
      `const { status, error_code } = await http.get("${granted.url}"); log.info(status, error_code);`,
    ],
    { net: [`127.0.0.1:${granted.port}`], args: [] },
  );
  await bench.hooks.ready();
  expect(bench.logs).toEqual(["p0 info 0 policy"]);
});

test("a granted name that resolves to this machine is refused", async () => {
  using forbidden = await startServer({ hits: 0 });
  const url = `http://granted.test:${forbidden.port}/`;
  const resolve = () => Promise.resolve([{ address: "127.0.0.1", family: 4 as const }]);
  const network = { ...bunRuntime.network, resolve };
  const { createClient } = await import("../../../lib/client.ts");
  const runtime = { ...bunRuntime, network };
  await using bench = await openBench(
    [`const { status, error_code } = await http.get("${url}"); log.info(status, error_code);`],
    {
      net: [`granted.test:${forbidden.port}`],
      args: [],
      createClient: (guard) => {
        const exchange = { limits: {}, isDecoded: true };
        const client = createClient({
          runtime,
          guard,
          exchange,
          dial: { tls: { isVerified: true } },
        });
        return { perform: (draft) => client.perform(draft), close: () => client.close() };
      },
    },
  );
  await bench.hooks.ready();
  expect(bench.logs).toEqual(["p0 info 0 policy"]);
});

test("the manifest of a script grants it nothing", async () => {
  using forbidden = await startServer({ hits: 0 });
  await using bench = await openBench(
    [
      `export const plugin = { name: "greedy", net: ["127.0.0.1:${forbidden.port}"] };
       const { error_code } = await http.get("${forbidden.url}"); log.info(error_code);
       setTimeout(async () => log.info((await http.get("${forbidden.url}")).error_code), 20);`,
    ],
    { args: [] },
  );
  await bench.hooks.ready();
  await bench.hooks.close();
  expect(bench.logs.map((line) => line.split(" ").at(-1))).toEqual(["policy", "policy"]);
});

test("a plugin without the capability gets no secret, and with it no value", async () => {
  using server = await startServer({ replies: [{}, {}] });
  const secrets = {
    placeholder: () => Promise.resolve("a-placeholder"),
    open: () => Promise.resolve(new Secret("the-value")),
  };
  const code = `weir.on("pre_request", async () => {
    const text = weir.secret("token");
    log.info(text, await crypto.hmac("sha256", text, "data"));
  });`;
  await using without = await openBench([code], { secrets });
  expect((await failureOf(without.send(server.url))).message).toContain(
    "lacks the capability secrets",
  );
  await using granted = await openBench(
    [`export const plugin = { name: "signer", capabilities: ["secrets"] }; ${code}`],
    { secrets },
  );
  await granted.send(server.url);
  await granted.send(server.url);
  expect(granted.logs[0]).toMatch(/^signer info a-placeholder [0-9a-f]{64}$/);
  expect(granted.logs.join()).not.toContain("the-value");
});

test("a plugin may send a bounded number of requests in one call", async () => {
  using server = await startServer({ hits: "any", routes: { "/": {} } });
  await using bench = await openBench(
    [
      `export const plugin = { name: "many", limits: { requests: 2 } };
       weir.on("pre_request", async () => {
         for (let at = 0; at < 3; at++) await http.get("${server.url}/");
       });`,
    ],
    { net: [`127.0.0.1:${server.port}`] },
  );
  const { message } = await failureOf(bench.send(`${server.url}/`));
  expect(message).toContain("More than 2 requests in one call");
  expect(server.hits).toHaveLength(2);
});

test("calls at once may each send as many requests as one alone", async () => {
  using server = await startServer({ hits: "any", routes: { "/": {} } });
  await using bench = await openBench(
    [
      `export const plugin = { name: "each", limits: { requests: 2 } };
       weir.on("pre_request", async () => {
         for (let at = 0; at < 2; at++) await http.get("${server.url}/");
       });`,
    ],
    { net: [`127.0.0.1:${server.port}`] },
  );
  await Promise.all(Array.from({ length: 8 }, () => bench.send(`${server.url}/`)));
  expect(server.hits).toHaveLength(24);
});

test("seventy calls at once may each wait for something", async () => {
  await using bench = await openBench([
    `export const plugin = { capabilities: ["rewrite"], limits: { timeout_ms: 3000 } };
     weir.on("pre_tool_call", async (event) => {
       await new Promise((resolve) => setTimeout(resolve, 50));
       return event;
     });`,
  ]);
  const calls = Array.from({ length: 70 }, (_, at) => ({ tool: "any", args: { at } }));
  const { tools } = bench.hooks;
  expect(await Promise.all(calls.map((call) => tools.beforeCall(call)))).toEqual(calls);
});

test("a response larger than the limit of the plugin is an error", async () => {
  using server = await startServer({ replies: [{ body: "x".repeat(5000) }] });
  await using bench = await openBench(
    [
      `export const plugin = { name: "small", limits: { bytes: 1000 } };
       weir.on("load", async () => {
         const r = await http.get("${server.url}");
         log.info(r.status, r.error_code, r.body.length);
       });`,
    ],
    { net: [`127.0.0.1:${server.port}`] },
  );
  await bench.hooks.ready();
  expect(bench.logs).toEqual(["small info 0 too_large 0"]);
});

test.each([
  { name: "a file above the folder", path: "../secret.js" },
  { name: "a file above it by a detour", path: "./lib/../../secret.js" },
  { name: "an absolute path", path: "/etc/passwd" },
  { name: "a module of the runtime", path: "node:fs" },
  { name: "a bare name", path: "fs" },
  { name: "a URL", path: "https://example.test/x.js" },
  { name: "a link out of the folder", path: "./link.js" },
  { name: "a percent-encoded way up", path: "./%2e%2e/secret.js" },
  { name: "a file that is no module", path: "./data.json" },
])("a plugin cannot import $name", async ({ path }) => {
  using folder = temporaryFolder();
  const root = join(folder.path, "plugin");
  mkdirSync(join(root, "lib"), { recursive: true });
  writeFileSync(join(folder.path, "secret.js"), "export default 'stolen';");
  writeFileSync(join(root, "data.json"), "{}");
  symlinkSync(join(folder.path, "secret.js"), join(root, "link.js"));
  writeFileSync(
    join(root, "main.js"),
    `import value from ${JSON.stringify(path)}; log.info(value);`,
  );
  await using bench = await openBench([], { paths: [join(root, "main.js")] });
  const { code } = await failureOf(bench.hooks.ready());
  expect(code).toBe("HOOK_FAILED");
  expect(bench.logs.join()).not.toContain("stolen");
});

test("a store that was filled survives a restart of the sandbox", async () => {
  using server = await startServer({ hits: "any", routes: { "/": {}, "/hang": {} } });
  await using bench = await openBench([
    `export const plugin = { name: "kept", limits: { deadline_ms: 100 } };
     weir.on("pre_request", (event, ctx) => {
       ctx.store.set("count", (ctx.store.get("count") ?? 0) + 1);
       log.info(ctx.store.get("count"));
       if (event.url.endsWith("/hang")) for (;;) Math.sqrt(2);
     });`,
  ]);
  await bench.send(`${server.url}/`);
  await failureOf(bench.send(`${server.url}/hang`));
  await bench.send(`${server.url}/`);
  expect(bench.logs.map((line) => line.at(-1))).toEqual(["1", "2", "3"]);
});

test("a store takes any number of keys in one turn, and clients close in any number", async () => {
  using server = await startServer({ hits: "any", routes: { "/": {}, "/hang": {} } });
  await using bench = await openBench([
    `export const plugin = { name: "many", limits: { deadline_ms: 1000 } };
     weir.on("pre_request", (event, ctx) => {
       const keys = Array.from({ length: 300 }, (_, at) => "k" + at);
       if (!event.url.endsWith("/hang")) return log.info(keys.filter((key) => ctx.store.has(key)).length);
       for (const key of keys) ctx.store.set(key, 1);
       for (let at = 0; at < 100; at += 1) http.client().close();
       for (;;) Math.sqrt(2);
     });`,
  ]);
  await failureOf(bench.send(`${server.url}/hang`));
  await bench.send(`${server.url}/`);
  expect(bench.logs.at(-1)).toContain("300");
});

test("a store that is full says so, and what it took before survives a restart", async () => {
  using server = await startServer({ hits: "any", routes: { "/": {}, "/hang": {} } });
  await using bench = await openBench([
    `export const plugin = { name: "full", limits: { deadline_ms: 200 } };
     weir.on("pre_request", (event, ctx) => {
       const { store } = ctx;
       if (!event.url.endsWith("/hang")) return log.info(store.keys(), store.get("a")?.length);
       const tries = [];
       const attempt = (key, length) => {
         try { store.set(key, "x".repeat(length)); tries.push("kept"); }
         catch (error) { tries.push(error.name); }
       };
       attempt("a", 100_000);
       attempt("b", 162_000);
       attempt("c", 200);
       attempt("b", 200_000);
       attempt("a", 99_000);
       attempt("c", 200);
       log.info(tries);
       store.delete("b");
       while (true);
     });`,
  ]);
  await failureOf(bench.send(`${server.url}/hang`));
  await bench.send(`${server.url}/`);
  expect(bench.logs).toEqual([
    'full info ["kept","kept","RangeError","RangeError","kept","kept"]',
    'full info ["a","c"] 99000',
  ]);
});

test("requests at once: a plugin that hangs fails its own calls, and the others are answered", async () => {
  using server = await startServer({ hits: "any", routes: { "/": {}, "/hang": {} } });
  await using bench = await openBench([
    `export const plugin = { name: "good", capabilities: ["rewrite"] };
     weir.on("pre_request", (event) => { event.headers.good = "1"; return event; });`,
    `export const plugin = { name: "bad", limits: { deadline_ms: 200 } };
     weir.on("pre_request", { pattern: "**/hang" }, () => { Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1); });`,
  ]);
  await bench.hooks.ready();
  const calls = ["/hang", "/", "/", "/", "/"].map((path) => bench.send(server.url + path));
  const results = await Promise.allSettled(calls);
  expect(results.map(({ status }) => status).join()).toBe(
    "rejected,fulfilled,fulfilled,fulfilled,fulfilled",
  );
  expect(server.hits.map((hit) => hit.header("good"))).toEqual(["1", "1", "1", "1"]);
});

test("storage is kept across runs, for plugins that were granted it", async () => {
  using folder = temporaryFolder();
  using server = await startServer({ hits: "any", routes: { "/": {} } });
  const env = (name: string) => (name === "HOME" ? folder.path : undefined);
  const code = (capability: string): string =>
    `export const plugin = { name: "keeper", capabilities: [${capability}] };
     weir.on("pre_request", async (event, ctx) => {
       const count = ((await ctx.storage.get("count")) ?? 0) + 1;
       await ctx.storage.set("count", count);
       log.info(count, await ctx.storage.keys());
     });`;
  for (const wanted of ["1", "2"]) {
    await using bench = await openBench([code('"storage"')], { runtime: { ...bunRuntime, env } });
    await bench.send(`${server.url}/`);
    expect(bench.logs).toEqual([`keeper info ${wanted} ["count"]`]);
  }
  await using without = await openBench([code("")], { runtime: { ...bunRuntime, env } });
  const { message } = await failureOf(without.send(`${server.url}/`));
  expect(message).toContain("lacks the capability storage");
  const { statSync } = await import("node:fs");
  const file = join(folder.path, ".local/share/weir/storage/keeper.db");
  expect(statSync(file).mode & 0o777).toBe(0o600);
});
