import { expect, test } from "bun:test";
import { WeirError } from "../../../lib/base/errors.ts";
import { limitsOf, manifestWithout, readManifest } from "../../../lib/hooks/manifest.ts";
import { globTest } from "../../../lib/hooks/pattern.ts";
import { parsePluginFlags } from "../../../lib/hooks/resolve.ts";
import { stripTypes } from "../../../lib/hooks/typescript.ts";
import { startServer } from "../../support/loopback-server.ts";
import { failureOf, openBench } from "./support.ts";

// CR31: what a manifest may say.

test("readManifest() reads every key", () => {
  const manifest = readManifest(
    {
      name: "sign",
      version: "1.0.0",
      description: "Signs",
      capabilities: ["rewrite", "observe"],
      net: ["auth.example.com"],
      limits: { memory_mb: 32, deadline_ms: 50, timeout_ms: 100, requests: 3, bytes: 10 },
      fail: { post_request: "closed" },
      options: { realm: "prod" },
    },
    "sign.js",
  );
  expect(manifest).toMatchObject({
    name: "sign",
    net: ["auth.example.com"],
    fail: { post_request: "closed" },
  });
  expect(limitsOf(manifest)).toEqual({
    memoryMb: 32,
    deadlineMs: 50,
    timeoutMs: 100,
    requests: 3,
    responseCapBytes: 10,
  });
});

test.each([
  { name: "an unknown key", value: { nme: "x" }, hint: "Did you mean name" },
  { name: "an unknown capability", value: { capabilities: ["rewrit"] }, hint: "observe, cancel" },
  { name: "network as a capability", value: { capabilities: ["net"] }, hint: "a list of its own" },
  { name: "a name with a slash", value: { name: "../x" }, hint: "lower-case letters" },
  {
    name: "storage without a name",
    value: { capabilities: ["storage"] },
    hint: 'add name: "my-plugin"',
  },
  { name: "an unknown limit", value: { limits: { memory: 1 } }, hint: "Did you mean memory_mb" },
  { name: "too little memory", value: { limits: { memory_mb: 1 } }, hint: "from 16 to 1024" },
  {
    name: "an unknown event to fail in",
    value: { fail: { pre_reqest: "open" } },
    hint: "pre_request",
  },
  { name: "another way to fail", value: { fail: { error: "maybe" } }, hint: '"open" or "closed"' },
  { name: "hosts that are no list", value: { net: "a.test" }, hint: "net" },
  { name: "no object", value: 7, hint: "export const plugin" },
])("readManifest() refuses $name", ({ value, hint }) => {
  let caught: unknown;
  try {
    readManifest(value, "x.js");
  } catch (error) {
    caught = error;
  }
  expect(caught).toBeInstanceOf(WeirError);
  const { code, hint: said = "" } = caught as WeirError;
  expect([code, said.toLowerCase()]).toEqual([
    "PLUGIN_INVALID",
    expect.stringContaining(hint.toLowerCase()),
  ]);
});

test("a file without a manifest may rewrite and reaches nobody", () => {
  expect(manifestWithout("/a/My Plugin.ts")).toMatchObject({
    name: "my-plugin",
    capabilities: ["rewrite"],
    net: [],
  });
});

test.each([
  { pattern: "https://a.test/**", text: "https://a.test/b/c?d=e", want: true },
  { pattern: "https://a.test/*", text: "https://a.test/b", want: true },
  { pattern: "https://a.test/*", text: "https://a.test/b/c", want: false },
  { pattern: "https://*.a.test/**", text: "https://x.y.a.test/", want: true },
  { pattern: "https://*.a.test/**", text: "https://evil/.a.test/", want: false },
  { pattern: "http_*", text: "http_get", want: true },
  { pattern: "http_get", text: "http_get2", want: false },
  { pattern: "a.c", text: "abc", want: false },
  { pattern: "**", text: "", want: true },
])("globTest($pattern) on $text is $want", ({ pattern, text, want }) => {
  expect(globTest(pattern)(text)).toBe(want);
});

test("globTest() takes no longer for a pattern that wants to backtrack", () => {
  const startedMs = performance.now();
  expect(globTest("*a".repeat(50))("a".repeat(2000) + "b")).toBe(false);
  expect(performance.now() - startedMs).toBeLessThan(1000);
});

test("parsePluginFlags() gathers options by plugin, JSON where it is JSON", () => {
  expect(
    parsePluginFlags(
      ["sign", "sign:realm=test", "sign:n=3", "./a.js:x=b=c", "a:y=[1]", "b:z=1"],
      ["h.test"],
    ),
  ).toEqual([
    { reference: "sign", options: { realm: "test", n: 3 }, net: ["h.test"], isGrant: true },
    { reference: "./a.js", options: { x: "b=c", y: [1] }, net: ["h.test"], isGrant: true },
    { reference: "b", options: { z: 1 }, net: ["h.test"], isGrant: true },
  ]);
});

test.each([
  { text: "30", want: 30 },
  { text: "-1.50", want: -1.5 },
  { text: "12345678901234567890", want: "12345678901234567890" },
  { text: "1234e567", want: "1234e567" },
  { text: "007", want: "007" },
])("parsePluginFlags() keeps the digits of $text", ({ text, want }) => {
  expect(parsePluginFlags([`sign:key=${text}`], [])[0]?.options).toEqual({ key: want });
});

test("stripTypes() leaves every statement on its line", async () => {
  const source =
    "interface A {\n  a: string;\n}\nconst x: A = { a: 'b' } as A;\nenum B { C }\nx satisfies A;\n";
  const lines = (await stripTypes(source, "a.ts")).split("\n");
  expect(lines[3]).toContain("const x");
  expect(lines[5]).toContain("x");
});

test("a TypeScript file that cannot be read is refused with line and column", async () => {
  await using bench = await openBench([
    { "plugin.toml": 'main = "main.ts"', "main.ts": "const a: = 1;" },
  ]);
  const { message } = await failureOf(bench.hooks.ready());
  expect(message).toMatch(/main\.ts:1:\d+ is not TypeScript/);
});

test("a folder with plugin.toml has its manifest there, and modules that import each other", async () => {
  await using bench = await openBench([
    {
      "plugin.toml":
        'name = "folder"\nmain = "src/main.ts"\ncapabilities = ["rewrite"]\n[options]\na = 1\n',
      "src/main.ts": `import { word } from "../lib/word.ts";
weir.on("pre_tool_call", (event, ctx) => { event.args.word = word + ctx.options.a; return event; });`,
      "lib/word.ts": `export const word: string = "w";`,
    },
  ]);
  const call = await bench.hooks.tools.beforeCall({ tool: "t", args: {} });
  expect(call.args).toEqual({ word: "w1" });
  expect(bench.hooks.plugins[0]?.name).toBe("folder");
});

test.each([
  { name: "is not TOML", toml: "name =", says: "not valid TOML" },
  { name: "names no module", toml: 'name = "x"', says: "names no module" },
])("a folder whose plugin.toml $name is refused", async ({ toml, says }) => {
  const { message } = await failureOf(openBench([{ "plugin.toml": toml, "main.js": "" }]));
  expect(message).toContain(says);
});

test("CR33 load and unload handlers run once, around everything", async () => {
  const bench = await openBench([
    `for (const event of ["unload", "load"]) weir.on(event, () => log.info(event));`,
  ]);
  await bench.hooks.ready();
  await bench.hooks.ready();
  await bench[Symbol.asyncDispose]();
  expect(bench.logs).toEqual(["p0 info load", "p0 info unload"]);
});

test("CH17 a request that an unload handler does not wait for is sent all the same", async () => {
  using server = await startServer({ routes: { "/bye": { delayMs: 50 }, "/after": {} } });
  const bench = await openBench(
    [
      `weir.on("unload", () => {
         core.http.get("${server.url}/bye", ({ status }) => {
           log.info(status);
           http.get("${server.url}/after");
         });
       });`,
    ],
    { net: [`127.0.0.1:${server.port}`] },
  );
  await bench.hooks.ready();
  await bench[Symbol.asyncDispose]();
  expect(bench.logs).toEqual(["p0 info 200"]);
  expect(server.hits.map(({ path }) => path)).toEqual(["/bye", "/after"]);
});

test("two plugins of one name are refused", async () => {
  const source = `export const plugin = { name: "same" };`;
  await using bench = await openBench([source, source]);
  expect((await failureOf(bench.hooks.ready())).message).toBe("Two plugins are called same");
});

test("on() refuses what it does not know", async () => {
  const cases = [
    `weir.on("load")`,
    `weir.on("load", { prio: 1 }, () => {})`,
    `weir.on("load", { priority: "1" }, () => {})`,
  ];
  for (const code of cases) {
    await using bench = await openBench([code]);
    expect((await failureOf(bench.hooks.ready())).message).toContain("TypeError: ");
  }
});

const WITH_OPTIONS = `export const plugin = { options: { header: "x-a" } };`;

test.each([
  {
    name: "a host with a scheme",
    code: "",
    given: { net: ["http://a.test"] },
    says: "has a scheme",
  },
  { name: "every host", code: "", given: { net: ["*"] }, says: "covers every host" },
  {
    name: "a host of the manifest with a path",
    code: `export const plugin = { net: ["a.test/x"] };`,
    given: {},
    says: 'the host "a.test/x"',
  },
  {
    name: "an option that the manifest does not name",
    code: WITH_OPTIONS,
    given: { options: { headr: "x-b" } },
    says: 'options has no key "headr"',
  },
])("a plugin is not loaded with $name", async ({ code, given, says }) => {
  await using bench = await openBench([code], given);
  const { code: errorCode, message } = await failureOf(bench.hooks.ready());
  expect(errorCode).toBe("PLUGIN_INVALID");
  expect(message).toContain(says);
});

test("a plugin whose manifest names no options takes any", async () => {
  await using bench = await openBench(["export const plugin = {};"], { options: { any: 1 } });
  await bench.hooks.ready();
});
