import { expect, test } from "bun:test";
import { closedPort, type LoopbackServer, startServer } from "../../support/loopback-server.ts";
import { failureOf, openBench } from "./support.ts";

// What stands in the sandbox beside the language. Each script prints JSON, a line a value.

/** Runs a script and returns what it printed with show(). */
async function shown(
  code: string,
  server?: LoopbackServer,
  args: readonly string[] = [],
): Promise<readonly unknown[]> {
  const bench = await openBench(
    [`const show = (value) => print(JSON.stringify(value));\n${code}`],
    {
      args: server === undefined ? args : [server.url, ...args],
      net: server === undefined ? [] : [`127.0.0.1:${server.port}`],
      mode: "script",
    },
  );
  try {
    await bench.hooks.ready();
  } finally {
    await bench[Symbol.asyncDispose]();
  }
  return bench.logs.map((line): unknown => JSON.parse(line.replace(/^p0 info /, "")));
}

/** Runs lines of code, and returns for each the message of what it threw, or its value. */
async function outcomes(lines: readonly string[]): Promise<readonly unknown[]> {
  const calls = lines.map(
    (line) =>
      `try { show(await (async () => (${line}))()); } catch (e) { show(e.name + ": " + e.message); }`,
  );
  return await shown(calls.join("\n"));
}

test("CR1 CR2 CR3 every verb, and http.request with a verb in any case", async () => {
  const routes = Object.fromEntries(
    ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"].map((verb) => [`${verb} /`, {}]),
  );
  using server = await startServer({ routes });
  const values = await shown(
    `const [url] = args;
     for (const verb of ["get", "post", "put", "patch", "delete", "head", "options"]) {
       show((await http[verb](url + "/")).status);
     }
     show((await http.request({ url: url + "/", method: "Patch" })).status);
     const { status, error_code } = await http.request({ url: url + "/", method: "FETCH" });
     show([status, error_code]);`,
    server,
  );
  expect(values).toEqual([...Array.from({ length: 8 }, () => 200), [0, "policy"]]);
  expect(server.hits.map((hit) => hit.method)).toEqual([
    "GET",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "HEAD",
    "OPTIONS",
    "PATCH",
  ]);
});

test("CR4 options: headers, query, bodies of every kind", async () => {
  using server = await startServer({ hits: "any", routes: { "/x": {} } });
  await shown(
    `const [url] = args;
     await http.post(url + "/x", { headers: { "X-A": ["1", "2"], "x-n": 3 }, query: { q: "a b", n: [1, 2] }, body: { a: 1 } });
     await http.post(url + "/x", { body: new Uint8Array([0, 255]) });
     await http.post(url + "/x", { body: "a\\0b" });
     await http.post(url + "/x?q=1", { body: "t", headers: { "Content-Type": "text/x" }, query: { r: 2 } });`,
    server,
  );
  const [first, second, third, fourth] = server.hits;
  expect([first?.header("x-a"), first?.header("x-n"), first?.text]).toEqual([
    "1, 2",
    "3",
    '{"a":1}',
  ]);
  expect(first?.target).toBe("/x?q=a+b&n=1&n=2");
  expect(first?.header("content-type")).toBe("application/json");
  expect([...(second?.body ?? [])]).toEqual([0, 255]);
  expect(third?.text).toBe("a\0b");
  expect([fourth?.header("content-type"), fourth?.target]).toEqual(["text/x", "/x?q=1&r=2"]);
});

test("CR4 CH14 wrong types throw where they are written", async () => {
  const results = await outcomes([
    `http.get(7)`,
    `http.get("http://a.test", { headers: "x" })`,
    `http.get("http://a.test", { headers: { a: {} } })`,
    `http.get("http://a.test", { timeout: "5" })`,
    `http.get("http://a.test", { timeuot: 5 })`,
    `http.request({ url: "http://a.test", method: 1 })`,
    `core.http.get("http://a.test")`,
    `core.http.get("http://a.test", { a: 1 }, () => {})`,
    `core.http.post("http://a.test", { a: 1 }, () => {})`,
    `http.client({ base: "x" })`,
  ]);
  for (const result of results) expect(result).toStartWith("TypeError: ");
  expect(results[4]).toContain("has no option timeuot");
});

test("CR5 CR7 CR11 failures do not throw: they have status 0, a text and a code", async () => {
  const dead = await closedPort();
  using server = await startServer({
    hits: "any",
    routes: {
      "/slow": { delayMs: 2000 },
      "/loop": { status: 302, headers: { Location: "/loop" } },
    },
  });
  const bench = await openBench(
    [
      `const show = (r) => print(JSON.stringify([r.status, r.ok, r.body, r.headers, r.error_code, r.error]));
       show(await http.get(args[0] + "/slow", { timeout: 0.1 }));
       show(await http.get("http://127.0.0.1:${dead}/"));
       show(await http.get("https://127.0.0.1:" + new URL(args[0]).port + "/"));
       show(await http.get("no url"));
       show(await http.get("ftp://127.0.0.1/"));
       show(await http.get(args[0] + "/loop"));`,
    ],
    { args: [server.url], net: [`127.0.0.1:${server.port}`, `127.0.0.1:${dead}`] },
  );
  await bench.hooks.ready();
  await bench[Symbol.asyncDispose]();
  const rows = bench.logs.map((line): unknown[] => JSON.parse(line.replace(/^p0 info /, "")));
  expect(rows.map((row) => row.slice(0, 4))).toEqual(rows.map(() => [0, false, "", {}]));
  expect(rows.map((row) => row[4])).toEqual([
    "timeout",
    "connect",
    "tls",
    "protocol",
    "policy",
    "policy",
  ]);
  expect(rows[0]?.[5]).toBe("Request timed out");
  expect(rows[3]?.[5]).toBe("Invalid URL: no url");
});

test("CR6 CR9 CR10 a response is frozen, joins repeats and keeps them apart", async () => {
  using server = await startServer({
    replies: [
      {
        status: 404,
        headers: [
          ["X-A", "1"],
          ["X-A", "2"],
          ["Set-Cookie", "a=1"],
          ["Set-Cookie", "b=2"],
        ],
      },
    ],
  });
  const values = await shown(
    `const r = await http.get(args[0]);
     show([r.status, r.ok, "error" in r, r.headers["x-a"], r.headers_all["set-cookie"]]);
     show([r, r.headers, r.headers_all, r.headers_all["set-cookie"]].map(Object.isFrozen));`,
    server,
  );
  expect(values).toEqual([
    [404, false, false, "1, 2", ["a=1", "b=2"]],
    [true, true, true, true],
  ]);
});

test("CH10 CH11 CH12 CH19 a client has a base, headers, auth and cookies, and close() aborts", async () => {
  using server = await startServer({
    hits: "any",
    routes: {
      "/v1/login": { headers: { "Set-Cookie": "sid=1" } },
      "/v1/me": {},
      "/v1/slow": { delayMs: 3000 },
    },
  });
  const values = await shown(
    `const api = http.client({ baseUrl: args[0] + "/v1/", headers: { "x-app": "a" }, auth: { user: "u", password: "p" } });
     await api.get("login");
     await api.get("me", { headers: { "x-more": "b" } });
     const slow = api.get("slow");
     setTimeout(() => api.close(), 50);
     show((await slow).error_code);`,
    server,
  );
  expect(values).toEqual(["aborted"]);
  const me = server.hits.find((hit) => hit.path === "/v1/me");
  expect(me?.header("authorization")).toBe(`Basic ${btoa("u:p")}`);
  expect([me?.header("cookie"), me?.header("x-app"), me?.header("x-more")]).toEqual([
    "sid=1",
    "a",
    "b",
  ]);
});

test("CH12 what is asked of a client after close() is not sent, in every form", async () => {
  using server = await startServer({ hits: 0 });
  const values = await shown(
    `const url = args[0] + "/";
     const api = http.client();
     api.close();
     const { status, ok, body, error, error_code } = await api.get(url);
     show([status, ok, body, error, error_code]);
     const fluent = new http.Client();
     fluent.close();
     try { await fluent.get(url).send(); } catch (thrown) { show(thrown.message); }`,
    server,
  );
  expect(values).toEqual([
    [0, false, "", "The client is closed", "aborted"],
    expect.stringContaining("The client is closed"),
  ]);
});

test("auth of a client gives way to a header that was typed, and smuggles no line", async () => {
  using server = await startServer({ hits: 2, routes: { "/": {} } });
  const values = await shown(
    `const api = http.client({ auth: { user: "u", password: "p" } });
     await api.get(args[0] + "/", { headers: { Authorization: "Custom" } });
     const typed = http.client({ auth: { bearer: "t" }, headers: { authorization: "Typed" } });
     await typed.get(args[0] + "/");
     const bad = await http.client({ auth: { bearer: "a\\r\\nX-Smuggled: 1" } }).get(args[0] + "/");
     show([bad.status, bad.error_code]);`,
    server,
  );
  expect(values).toEqual([[0, "protocol"]]);
  expect(server.hits.map((hit) => hit.header("authorization"))).toEqual(["Custom", "Typed"]);
});

test("auth of a client goes to the origin of the request, and not where a redirect leads", async () => {
  using other = await startServer({ replies: [{}] });
  using server = await startServer({
    routes: { "/away": { status: 302, headers: { Location: `${other.url}/` } }, "/": {} },
  });
  const code = `const api = http.client({ auth: { bearer: "t" }, baseUrl: args[0] });
    await api.get("/");
    await api.get("/away");`;
  const net = [`127.0.0.1:${server.port}`, `127.0.0.1:${other.port}`];
  await using bench = await openBench([code], { args: [server.url], net });
  await bench.hooks.ready();
  expect(server.hits.map((hit) => hit.header("authorization"))).toEqual(["Bearer t", "Bearer t"]);
  expect(other.hits[0]?.header("authorization")).toBeUndefined();
});

test("CR12 CR13 CR14 oq reads and writes JSON, TOML and YAML, and queries", async () => {
  const results = await outcomes([
    `oq.parse('{"a": [1, null]}')`,
    `oq.parse('a = 1\\n[b]\\nc = "d"')`,
    `oq.parse('a: 1\\nb:\\n  - c')`,
    `oq.parse('just text')`,
    `oq.parse('')`,
    `oq.parse('{"a": [}')`,
    `oq.parse_as('a: [1', 'yaml')`,
    `oq.parse_as('a = ', 'toml')`,
    `oq.parse_as('x', 'toon')`,
    `oq.detect('a = 1')`,
    `oq.json({ a: 1 })`,
    `oq.json_pretty({ a: 1 })`,
    `oq.yaml({ a: [1] })`,
    `oq.toml({ a: 1 })`,
    `oq.convert('{"a":1}', 'yaml')`,
    `oq.query({ a: [{ b: 1 }, { b: 2 }] }, '$.a[*].b')`,
    `oq.query({ a: 1 }, '$.a')`,
    `oq.query({ a: 1 }, '$.z')`,
    `oq.query({ a: 1 }, '$[')`,
    `oq.null`,
  ]);
  expect(results.slice(0, 3)).toEqual([
    { a: [1, null] },
    { a: 1, b: { c: "d" } },
    { a: 1, b: ["c"] },
  ]);
  expect(results[3]).toBe("Error: A lone value is no document; use JSON");
  expect(results[4]).toBe("Error: There is nothing to parse: the text is empty");
  expect(results[5]).toContain("line 1, column 8");
  expect(results[6]).toContain("Not valid YAML at line 1, column");
  expect(results[7]).toContain("Not valid TOML at line 1, column");
  expect(results[8]).toContain("json, toml, yaml");
  expect(results.slice(9, 18)).toEqual([
    "toml",
    '{"a":1}',
    '{\n  "a": 1\n}',
    "a:\n  - 1\n",
    "a = 1\n",
    "a: 1\n",
    [1, 2],
    1,
    [],
  ]);
  expect(results[18]).toContain("JSONPath");
  expect(results[19]).toBeNull();
});

test("the parts of the web platform that are there behave like it", async () => {
  const results = await outcomes([
    `new URL("../b?c=d#e", "http://u:p@h.test:80/a/x").href`,
    `(() => { const u = new URL("http://h.test/a?b=1"); u.searchParams.append("c", "ä b"); u.hash = "x"; u.pathname = "/é"; return u.href; })()`,
    `new URL("nothing")`,
    `URL.canParse("http://a.test") && !URL.canParse("a")`,
    `[...new URLSearchParams("b=1&a=2&b=3")].join(";")`,
    `new URLSearchParams({ a: "1 2", b: "&" }).toString()`,
    `[...new TextEncoder().encode("ä€")].join()`,
    `new TextDecoder().decode(new Uint8Array([226, 130, 172]))`,
    `new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array([255]))`,
    `btoa("aÿ") + atob("/w==").charCodeAt(0)`,
    `btoa("€")`,
    `(() => { const a = { d: new Date(0), m: new Map([[1, { x: 1 }]]) }; a.self = a; const b = structuredClone(a); return [b.self === b, b !== a, b.m.get(1).x, b.d.getTime()]; })()`,
    `structuredClone(() => {})`,
    `/^[0-9a-f-]{36}$/.test(crypto.randomUUID())`,
    `crypto.hash("sha256", "abc")`,
    `crypto.hmac("sha256", "key", new Uint8Array([1]), "base64")`,
    `crypto.hash("crc32", "abc")`,
    `new Promise((resolve) => { const order = []; setTimeout(() => resolve(order.concat("timer")), 1); queueMicrotask(() => order.push("micro")); order.push("now"); })`,
    `new Promise((resolve) => { const id = setTimeout(() => resolve("fired"), 1); clearTimeout(id); setTimeout(() => resolve("quiet"), 20); })`,
    `[typeof process, typeof require, typeof fetch, typeof Bun, typeof Deno, typeof WebAssembly].join()`,
  ]);
  expect(results).toEqual([
    "http://u:p@h.test/b?c=d#e",
    "http://h.test/%C3%A9?b=1&c=%C3%A4+b#x",
    "TypeError: Invalid URL",
    true,
    "b,1;a,2;b,3",
    "a=1+2&b=%26",
    "195,164,226,130,172",
    "€",
    "TypeError: The bytes are not UTF-8",
    "Yf8=255",
    expect.stringContaining("Error"),
    [true, true, 1, 0],
    "TypeError: A function cannot be cloned",
    true,
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/),
    expect.stringContaining("The algorithms are: sha256"),
    ["now", "micro", "timer"],
    "quiet",
    "undefined,undefined,undefined,undefined,undefined,undefined",
  ]);
});

test("CR34 CH16 logs go to the host by level", async () => {
  await using bench = await openBench(
    [
      `log.debug("a"); log.info("b", { c: 1 }); log.warn("d"); log.error("e"); print("f"); console.log("g");
       core.log("h"); core.log_warning("i"); core.log_error("j");`,
    ],
    { args: [] },
  );
  await bench.hooks.ready();
  expect(bench.logs.map((line) => line.slice("p0 ".length))).toEqual([
    "debug a",
    'info b {"c":1}',
    "warn d",
    "error e",
    "info f",
    "info g",
    "info h",
    "warn i",
    "error j",
  ]);
});

test("CH1 CH2 requests of core.http do not wait for each other, nor run callbacks inside", async () => {
  using server = await startServer({
    hits: "any",
    routes: { "/slow": { delayMs: 150 }, "/fast": {} },
  });
  const values = await shown(
    `let inside = true;
     core.http.get(args[0] + "/slow", (r) => show(["slow", r.status, inside]));
     core.http.get(args[0] + "/fast", (r) => show(["fast", r.status, inside]));
     core.http.get("http://127.0.0.1:1/", (r) => show(["dead", r.status, r.body, typeof r.error]));
     inside = false;
     show("end");`,
    server,
  );
  expect(values[0]).toBe("end");
  expect(
    values.slice(1).toSorted((one, other) => String(one).localeCompare(String(other))),
  ).toEqual([
    ["dead", 0, "", "string"],
    ["fast", 200, false],
    ["slow", 200, false],
  ]);
  expect(values.at(-1)).toEqual(["slow", 200, false]);
});

test("the stack overflows cleanly, and the plugin goes on", async () => {
  const values = await shown(
    `const deep = (n) => n === 0 ? 0 : 1 + deep(n - 1);
     show(deep(100));
     try { deep(1e6); } catch (error) { show(error.message); }
     show(deep(100));`,
  );
  expect(values).toEqual([100, "stack overflow", 100]);
});

test("a module that alone uses oq is loaded with its parsers", async () => {
  await using bench = await openBench([
    {
      "plugin.toml": 'name = "two"\nmain = "main.js"\n',
      "main.js": `import { read } from "./read.js"; log.info(read());`,
      "read.js": `export const read = () => oq.parse("a: 1").a;`,
    },
  ]);
  await bench.hooks.ready();
  expect(bench.logs).toEqual(["two info 1"]);
});

test("what an operation may carry is counted in bytes", async () => {
  await using bench = await openBench([
    `weir.on("load", async (event, { storage }) => {
       log.info(await storage.set("a", "\u20ac".repeat(900_000)).catch((error) => error.name));
     });`,
  ]);
  await bench.hooks.ready();
  expect(bench.logs).toEqual(["p0 info RangeError"]);
});

test("what a plugin does to the globals does not take the sandbox from it", async () => {
  const broken = `Object.freeze = Object.keys = Object.entries = Object.hasOwn = undefined;
    Object.defineProperty = Object.fromEntries = undefined;
    globalThis.FinalizationRegistry = globalThis.Set = undefined;`;
  const used = [
    "event.headers_all.a",
    "new URL('http://a/b').host",
    "typeof http.get",
    "oq.parse('1')",
    "atob(btoa('x'))",
  ];
  await using bench = await openBench([
    `${broken}
     weir.on("pre_request", (event) => log.info(String([${used.join()}])));`,
  ]);
  using server = await startServer({ replies: [{}] });
  await bench.send(server.url, { headers: [["A", "1"]] });
  expect(bench.logs).toEqual(["p0 info 1,a,function,1,x"]);
});

test("what a timer throws is logged with its message and place", async () => {
  await using bench = await openBench([
    `weir.on("load", async () => {
       setTimeout(() => { throw new TypeError("too late"); }, 1);
       await new Promise((resolve) => setTimeout(resolve, 50));
     });`,
  ]);
  await bench.hooks.ready();
  expect(bench.logs.join()).toMatch(/^p0 error setTimeout: too late\n.*p0\.js:2:/);
});

test("what is thrown and is no error is told as JSON, and one without a name by its message", async () => {
  await using bench = await openBench([
    `weir.on("pre_request", ({ url }) => {
       throw url.endsWith("/a") ? { status: 401 } : { message: "no more" };
     });`,
  ]);
  const told = await Promise.all(
    ["a", "b"].map(
      async (path) => (await failureOf(bench.send(`http://127.0.0.1:1/${path}`))).message,
    ),
  );
  expect(told[0]).toStartWith('Plugin p0 failed in pre_request: {"status":401} (');
  expect(told[1]).toStartWith("Plugin p0 failed in pre_request: no more (");
});

test("an error that is printed shows its message, and then its stack", async () => {
  await using bench = await openBench([`console.error("lost:", new TypeError("too late"));`]);
  await bench.hooks.ready();
  expect(bench.logs.join()).toMatch(/^p0 error lost: TypeError: too late\n.*p0\.js:1:/);
});

test("a request with the headers of an event is sent: its Connection line asks for nothing", async () => {
  using server = await startServer({ replies: [{}, {}] });
  await using bench = await openBench(
    [
      `weir.on("post_request", async ({ request }) => {
         const again = await http.get(request.url, { headers: request.headers });
         print(again.status, again.error);
       });`,
    ],
    { net: [`127.0.0.1:${server.port}`] },
  );
  await bench.send(server.url, {
    defaults: [["Connection", "keep-alive"]],
    headers: [["X-A", "1"]],
  });
  expect(bench.logs).toEqual(["p0 info 200 undefined"]);
  expect(server.hits.map((hit) => hit.header("x-a"))).toEqual(["1", "1"]);
});

test("a host that was not granted is an error that says where hosts are granted", async () => {
  const code = `const { error } = await http.get("http://127.0.0.1:1/"); print(error);`;
  await using none = await openBench([code]);
  await none.hooks.ready();
  await using other = await openBench([code], { net: ["127.0.0.1:2"] });
  await other.hooks.ready();
  const where = "; name it in net of the manifest, or with --allow-net";
  expect(none.logs).toEqual([`p0 info HTTP request failed: No host is granted${where}`]);
  expect(other.logs[0]).toEndWith(` on port 1${where}`);
});
