import { afterAll, expect, test } from "bun:test";
import { createPluginClients } from "../../../lib/client.ts";
import { openScripts, type ScriptCall } from "../../../lib/hooks/scripts.ts";
import { bunRuntime } from "../../../lib/runtime/bun.ts";
import { startServer } from "../../support/loopback-server.ts";

const dial = { tls: { isVerified: true } };
const lines: string[] = [];
const scripts = openScripts({
  runtime: bunRuntime,
  createClient: createPluginClients({ runtime: bunRuntime, dial }),
  log: ({ level, text }) => void lines.push(`${level} ${text}`),
});
const { signal } = new AbortController();

function run(code: string, args: unknown = {}, more: Partial<ScriptCall> = {}): Promise<unknown> {
  return scripts.run({ name: "a.js", code, args, net: [], timeoutMs: 20_000, signal, ...more });
}

afterAll(() => scripts.close());

test.each([
  {
    name: "the default export is called with the arguments",
    code: "export default (a) => a.x + 1",
    want: 3,
  },
  {
    name: "it may be asynchronous",
    code: "export default async (a) => { await 0; return a.x; }",
    want: 2,
  },
  { name: "it may be a value", code: "export default [1, { a: null }]", want: [1, { a: null }] },
  { name: "a text without export is the body of a function", code: "return args.x * 2", want: 4 },
  { name: "such a body may await", code: "await 0; return [args.x]", want: [2] },
  { name: "nothing is null", code: "export default () => {}", want: null },
  { name: "text is text", code: "return '\\u0000é💧'", want: "\0é💧" },
  {
    name: "what JSON has no word for is left out",
    code: "return { a: undefined, b: NaN }",
    want: { b: null },
  },
])("openScripts() $name", async ({ code, want }) => {
  expect(await run(code, { x: 2 })).toEqual(want);
});

test("openScripts() types of TypeScript are removed", async () => {
  const code = "export default (a: { readonly x: number }): number => a.x";
  expect(await run(code, { x: 7 }, { name: "t.ts" })).toBe(7);
});

test("openScripts() large data goes in and comes out", async () => {
  expect(await run("return args.length", "y".repeat(3_000_000))).toBe(3_000_000);
  expect(await run("return 'y'.repeat(3_000_000)")).toBe("y".repeat(3_000_000));
});

test.each([
  { name: "a throw has its place", code: "\n\n  null.foo", place: "a.js:3:7" },
  {
    name: "a syntax error has its place",
    code: "export default () => {\n  x ===\n}",
    place: "a.js:3",
  },
])("openScripts() $name", async ({ code, place }) => {
  const failed = run(code);
  expect(failed).rejects.toMatchObject({ code: "HOOK_FAILED", hint: "Correct the script" });
  expect(await failed.catch((error: Error) => error.message)).toContain(place);
});

test("openScripts() one that waits for ever is stopped, and the next one runs", async () => {
  const failed = run("await new Promise(() => {})", {}, { timeoutMs: 200 });
  const message = await failed.catch((error: Error) => error.message);
  expect(message).toBe("Script a.js failed: was not done within 200 ms");
  expect(await run("return 1")).toBe(1);
});

test("openScripts() one in an endless loop is stopped", async () => {
  expect(run("while (true) {}", {}, { timeoutMs: 500 })).rejects.toThrow("500 ms");
});

test("openScripts() the end of the run ends the wait", async () => {
  const abort = new AbortController();
  const waiting = run("await new Promise(() => {})", {}, { signal: abort.signal });
  abort.abort();
  expect(waiting).rejects.toThrow();
});

test("openScripts() a script reaches the hosts it was given and no other", async () => {
  using allowed = await startServer({ replies: [{ json: { n: 4 } }] });
  using forbidden = await startServer();
  const code = "return (await http.get(args.url)).status";
  const net = [`127.0.0.1:${allowed.port}`];
  expect(await run(code, { url: allowed.url }, { net })).toBe(200);
  expect(await run(code, { url: forbidden.url }, { net })).toBe(0);
  expect(await run(code, { url: allowed.url })).toBe(0);
  expect(forbidden.hits).toEqual([]);
});

test("openScripts() what is logged goes to the log, safe for a terminal", async () => {
  await run("print('a\\u001b[31mb'); log.warn('w')");
  expect(lines).toEqual(
    ["info ab", "warn w"].map((text) => expect.stringContaining(text[0] ?? "")),
  );
});

test("openScripts() a script imports nothing", async () => {
  const failed = run('import x from "./other.js"; export default x');
  expect(failed).rejects.toMatchObject({ code: "HOOK_FAILED" });
});

test("openScripts() calls of two scripts do not share what they leave behind", async () => {
  await run("globalThis.secret = 1; return 1");
  expect(await run("return typeof secret", {}, { name: "b.js" })).toBe("undefined");
});
