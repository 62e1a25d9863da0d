import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { startServer } from "../support/loopback-server.ts";
import { type HookBench, openBench } from "../unit/hooks/support.ts";

// Plugins that want to hang, exhaust or break out of the sandbox. Each is one handler; afterwards
// the same client, with the same plugin, has to answer an ordinary request.

const DEADLINE_MS = 150;
const MEMORY_MB = 32;

/** Bodies of a function; what they say about themselves is how they have to end. */
const ATTACKS: readonly { readonly name: string; readonly code: string; readonly ends?: "pass" }[] =
  [
    { name: "an endless loop", code: "while (true);" },
    { name: "endless recursion", code: "(function f(n) { return f(n + 1) + 1; })(0);" },
    { name: "deeply nested JSON", code: "JSON.parse('['.repeat(200000));" },
    { name: "deeply nested source", code: "eval('('.repeat(100000) + ')'.repeat(100000));" },
    {
      name: "a deep object made JSON",
      code: "let o = {}, c = o; for (let i = 0; i < 200000; i++) { c.a = {}; c = c.a; } JSON.stringify(o);",
    },
    {
      name: "a deeply nested pattern",
      code: "new RegExp('('.repeat(100000) + ')'.repeat(100000)).test('a');",
    },
    {
      name: "a proxy that asks itself",
      code: "new Proxy({}, { get(t, k, r) { return r[k]; } }).x;",
    },
    {
      name: "a constructor that constructs itself",
      code: "class A { constructor() { new A(); } } new A();",
    },
    {
      name: "bound a million times",
      code: "let f = (x) => x; for (let i = 0; i < 1e6; i++) f = f.bind(null); f(1);",
    },
    {
      name: "a list that never ends",
      code: "const a = []; while (true) a.push(new Array(1000).fill(1));",
    },
    {
      name: "buffers without end",
      code: "const a = []; while (true) a.push(new Uint8Array(1 << 20));",
    },
    { name: "a string that doubles", code: "let s = 'x'; while (true) s += s;" },
    { name: "one huge string", code: "'x'.repeat(2 ** 30);" },
    { name: "a huge array filled", code: "new Array(2 ** 32 - 1).fill(0);" },
    { name: "a huge array sorted", code: "const a = []; a.length = 2 ** 32 - 1; a.sort();" },
    { name: "a huge array joined", code: "const a = []; a.length = 2 ** 32 - 1; a.join('x');" },
    {
      name: "a search in 2^53 elements",
      code: "Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1);",
    },
    {
      name: "2^53 elements reversed",
      code: "Array.prototype.reverse.call({ length: 2 ** 53 - 1 });",
    },
    {
      name: "a long needle in a long string",
      code: "'a'.repeat(3e6).indexOf('a'.repeat(1.4e6) + 'b');",
    },
    { name: "a number of a million bits as text", code: "(2n ** 3000000n).toString();" },
    { name: "a pattern that backtracks", code: "/^(a+)+$/.test('a'.repeat(40) + 'b');" },
    { name: "a numeral squared for ever", code: "let b = 2n; while (true) b = b * b;" },
    {
      name: "microtasks without end",
      code: "Promise.resolve().then(function f() { return Promise.resolve().then(f); }); await new Promise(() => {});",
    },
    { name: "a flood of promises", code: "for (;;) Promise.resolve().then(() => 1);" },
    { name: "an await that loops", code: "while (true) await 1;" },
    { name: "a getter that hangs", code: "({ get a() { while (true); } }).a;" },
    { name: "an error that hangs when read", code: "throw { get message() { while (true); } };" },
    { name: "a thenable that hangs", code: "return { then() { while (true); } };" },
    { name: "a catch that goes on", code: "for (;;) { try { while (true); } catch {} }" },
    { name: "a finally that goes on", code: "try { while (true); } finally { while (true); }" },
    {
      name: "a result that hangs when read",
      code: "return { type: 'pre_request', get url() { while (true); } };",
    },
    { name: "a result without end", code: "event.url += 'x'.repeat(8e6); return event;" },
    { name: "a result in a circle", code: "event.self = event; return event;" },
    { name: "a promise that never settles", code: "await new Promise(() => {});" },
    { name: "symbols without end", code: "for (let i = 0; ; i++) Symbol.for('s' + i);" },
    { name: "a map without end", code: "const m = new Map(); for (let i = 0; ; i++) m.set(i, i);" },
    { name: "logs without end", code: "for (;;) log.info('x'.repeat(1000));" },
    { name: "requests without end", code: "for (;;) http.get('http://127.0.0.1:1/');" },
    { name: "timers without end", code: "for (;;) setTimeout(() => {}, 1e9);" },
    {
      name: "a store without end",
      code: "for (let i = 0; ; i++) ctx.store.set('k' + i, 'x'.repeat(1000));",
    },
    {
      name: "a poisoned JSON",
      code: "JSON.parse = JSON.stringify = () => { while (true); }; return event;",
      ends: "pass",
    },
    {
      name: "a poisoned Object.prototype",
      code: "Object.prototype.toJSON = () => ({ type: 'x', url: 'file:///' }); Object.prototype.polluted = 1; return event;",
    },
    {
      name: "poisoned Promise and Map",
      code: "Promise.prototype.then = Map.prototype.get = Map.prototype.set = () => { while (true); }; return undefined;",
    },
  ];

function plugin(): string {
  const handlers = ATTACKS.map(
    (
      { code },
      at,
    ) => `weir.on("pre_request", { pattern: "**/attack/${at}" }, async (event, ctx) => {
${code}
});`,
  );
  return `export const plugin = { name: "hostile", capabilities: ["rewrite"],
    limits: { memory_mb: ${MEMORY_MB}, deadline_ms: ${DEADLINE_MS}, timeout_ms: 2500 } };
${handlers.join("\n")}`;
}

const FRIEND = `export const plugin = { name: "friend", capabilities: ["rewrite"] };
weir.on("pre_request", { priority: 1 }, (event) => { event.headers.friend = "1"; return event; });`;

/** Returns the most memory a process had, in MiB; 0 where the system does not tell. */
function peakMib(pid: number): number {
  const path = `/proc/${pid}/status`;
  if (!existsSync(path)) return 0;
  return Number(/^VmHWM:\s*(\d+)/m.exec(readFileSync(path, "utf8"))?.[1] ?? 0) / 1024;
}

async function attack(bench: HookBench, url: string): Promise<string> {
  try {
    await bench.send(url);
    return "passed";
  } catch (error) {
    return (error as Error).message;
  }
}

test("hostile handlers end in time, are named, and leave the client whole", async () => {
  using server = await startServer({
    hits: "any",
    replies: [{}],
    routes: { "/fine": { body: "fine" } },
  });
  await using bench = await openBench([FRIEND, plugin()]);
  await bench.hooks.ready();
  const complaints: string[] = [];
  for (const [at, { name, ends }] of ATTACKS.entries()) {
    const before = performance.now();
    const watch = bench.hooks.pids();
    let peak = 0;
    const timer = setInterval(() => {
      for (const pid of [...watch, ...bench.hooks.pids()]) peak = Math.max(peak, peakMib(pid));
    }, 20);
    const message = await attack(bench, `${server.url}/attack/${at}`);
    clearInterval(timer);
    const tookMs = performance.now() - before;
    const isNamed =
      message === "passed" ||
      /^Plugin hostile failed in pre_request: .*\(p1\.js:\d+(?::\d+)?\)$/.test(message);
    const isWaiting = name === "a promise that never settles";
    if (!isNamed) complaints.push(`${name}: ${message}`);
    if (ends === "pass" && message !== "passed") complaints.push(`${name}: ${message}`);
    if (tookMs > (isWaiting ? 2500 : DEADLINE_MS) + 1000)
      complaints.push(`${name}: took ${tookMs} ms`);
    // Run from source a child is 24 MiB larger than that of the binary, which has its own test.
    if (peak > MEMORY_MB + 60 + 24) complaints.push(`${name}: ${peak} MiB`);
    const answer = await attack(bench, `${server.url}/fine`);
    if (answer !== "passed") complaints.push(`after ${name}: ${answer}`);
  }
  expect(complaints).toEqual([]);
  expect(server.hits.filter((hit) => hit.path === "/fine")).toHaveLength(ATTACKS.length);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
}, 90_000);
