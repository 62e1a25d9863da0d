import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { startServer } from "../support/loopback-server.ts";
import { type HookBench, openBench } from "../unit/hooks/support.ts";

// Plugins that want to hang, exhaust or break out of the sandbox. Each is one handler; afterwards
// the same client, with the same plugin, has to answer an ordinary request.

const DEADLINE_MS = 100;
const MEMORY_MB = 32;
const TIMEOUT_MS = 2000;

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
    { name: "nested quantifiers", code: "/(.*)*x/.exec('a'.repeat(30000));" },
    { name: "a backtracking replacement", code: "'a'.repeat(50000).replace(/(a*)*b/g, '');" },
    { name: "a lookbehind that backtracks", code: "/(?<=(a+)+)$b/.test('a'.repeat(40));" },
    {
      name: "a generator without end",
      code: "for (const x of (function* () { while (true) yield 1; })());",
    },
    {
      name: "generators within generators",
      code: "function* g() { yield* g(); } g().next();",
    },
    { name: "a loop in eval", code: "eval('while (true);');" },
    { name: "a loop in a made function", code: "new Function('while (true);')();" },
    {
      name: "properties without end",
      code: "const o = {}; for (let i = 0; ; i++) o['k' + i] = 1;",
    },
    {
      name: "a comparison that sorts",
      code: "[1, 2].sort(function s() { return [1, 2].sort(s); });",
    },
    {
      name: "a text that is made of itself",
      code: "const a = { toString() { return a + ''; } }; a + '';",
    },
    {
      name: "a nested list as text",
      code: "let a = []; for (let i = 0; i < 100000; i++) a = [a]; a.toString();",
    },
    { name: "text filled up to 1 GiB", code: "'x'.padStart(2 ** 30);" },
    {
      name: "a replacement a thousand times as long",
      code: "'x'.repeat(1e6).replace(/x/g, 'y'.repeat(1000));",
    },
    { name: "30 million pieces of text", code: "'x'.repeat(3e7).split('');" },
    {
      name: "a thousand texts joined",
      code: "const s = 'x'.repeat(1e6); Array.from({ length: 1000 }, () => s).join('');",
    },
    { name: "a typed array of 2 GiB", code: "new Uint8Array(2 ** 31);" },
    { name: "a buffer of 8 GiB", code: "new ArrayBuffer(2 ** 33);" },
    { name: "a shared buffer of 2 GiB", code: "new SharedArrayBuffer(2 ** 31);" },
    { name: "a power of a power", code: "2n ** (2n ** 40n);" },
    {
      name: "JSON of two million objects",
      code: "JSON.parse('[' + '{\"a\":1},'.repeat(2e6) + '1]');",
    },
    { name: "text that grows when normalized", code: "'\\u0344'.repeat(3e6).normalize('NFD');" },
    { name: "text that grows in lower case", code: "'\\u0130'.repeat(5e6).toLowerCase();" },
    { name: "text that grows when encoded", code: "encodeURIComponent('\\u20ac'.repeat(5e6));" },
    { name: "an error with a long message", code: "throw new Error('x'.repeat(1e7));" },
    {
      name: "an error that is a proxy",
      code: "throw new Proxy({}, { get() { while (true); }, ownKeys() { while (true); } });",
    },
    {
      name: "headers that hang when read",
      code: "event.headers = { get a() { while (true); } }; return event;",
    },
    {
      name: "headers without end",
      code: "event.headers = new Proxy({}, { ownKeys: () => Array.from({ length: 1e6 }, (_, i) => 'k' + i), getOwnPropertyDescriptor: () => ({ value: 'x', enumerable: true, configurable: true }) }); return event;",
    },
    {
      name: "a body that hangs when read",
      code: "return { type: 'pre_request', get body() { while (true); } };",
    },
    {
      name: "a body without end",
      code: "event.body = { toJSON() { return 'x'.repeat(2 ** 28); } }; return event;",
    },
    ...[
      "join",
      "sort",
      "reverse",
      "includes",
      "forEach",
      "concat",
      "flat",
      "slice",
      "lastIndexOf",
    ].map((name) => ({
      name: `${name} of a list that says it has 2^53 elements`,
      code: `Array.prototype.${name}.call({ length: 2 ** 53 - 1, [Symbol.isConcatSpreadable]: true }, () => 1);`,
    })),
    {
      name: "splice of 2^53 elements",
      code: "Array.prototype.splice.call({ length: 2 ** 53 - 1 }, 0, 2 ** 53 - 1);",
    },
    {
      name: "unshift before 2^52 elements",
      code: "Array.prototype.unshift.call({ length: 2 ** 52 }, 1);",
    },
    {
      name: "copyWithin 2^53 elements",
      code: "Array.prototype.copyWithin.call({ length: 2 ** 53 - 1 }, 1, 0);",
    },
    { name: "String.raw of 2^53 pieces", code: "String.raw({ raw: { length: 2 ** 53 - 1 } });" },
    { name: "a long needle that splits", code: "'a'.repeat(3e6).split('a'.repeat(1.4e6) + 'b');" },
    {
      name: "a long needle that is replaced",
      code: "'a'.repeat(3e6).replaceAll('a'.repeat(1.4e6) + 'b', '');",
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
    limits: { memory_mb: ${MEMORY_MB}, deadline_ms: ${DEADLINE_MS}, timeout_ms: ${TIMEOUT_MS} } };
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

async function messageOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "passed";
  } catch (error) {
    return (error as Error).message;
  }
}

/** Returns the most memory any child had while `work` ran. */
async function watched<T>(bench: HookBench, work: () => Promise<T>): Promise<[T, number]> {
  let peak = 0;
  const pids = new Set(bench.hooks.pids());
  const timer = setInterval(() => {
    for (const pid of bench.hooks.pids()) pids.add(pid);
    for (const pid of pids) peak = Math.max(peak, peakMib(pid));
  }, 20);
  try {
    return [await work(), peak];
  } finally {
    clearInterval(timer);
  }
}

/** Returns how many times slower this machine is than an idle one, by how long a sandbox takes. */
async function slowness(): Promise<number> {
  const before = performance.now();
  await using bench = await openBench([FRIEND]);
  await bench.hooks.ready();
  return Math.max(1, (performance.now() - before) / 200);
}

type Attack = (typeof ATTACKS)[number];

/** Runs one attack and an ordinary request after it; returns what was not as it has to be. */
async function attack(
  bench: HookBench,
  origin: string,
  { name, ends }: Attack,
): Promise<readonly string[]> {
  const at = ATTACKS.findIndex((one) => one.name === name);
  const before = performance.now();
  const [message, peak] = await watched(bench, () =>
    messageOf(bench.send(`${origin}/attack/${at}`)),
  );
  const answer = await messageOf(bench.send(`${origin}/fine`));
  const tookMs = performance.now() - before;
  const isNamed = /^Plugin hostile failed in pre_request: .*\(p1\.js:\d+(?::\d+)?\)$/.test(message);
  const limitMs = name === "a promise that never settles" ? TIMEOUT_MS : DEADLINE_MS;
  const complaints: string[] = [];
  if (message !== "passed" && !isNamed) complaints.push(`${name}: ${message}`);
  if (message.includes("broke its protocol")) complaints.push(`${name}: ${message}`);
  if (ends === "pass" && message !== "passed") complaints.push(`${name}: ${message}`);
  if (answer !== "passed") complaints.push(`after ${name}: ${answer}`);
  // Run from source a child is 24 MiB larger than that of the binary, which has its own test.
  if (peak > MEMORY_MB + 60 + 24) complaints.push(`${name}: ${peak} MiB`);
  if (tookMs > limitMs + 1000 && tookMs > limitMs + 1000 * (await slowness())) {
    complaints.push(`${name}: served the next request after ${tookMs} ms`);
  }
  return complaints;
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
  for (const one of ATTACKS) {
    complaints.push(...(await attack(bench, server.url, one)));
  }
  expect(complaints).toEqual([]);
  const fine = server.hits.filter((hit) => hit.path === "/fine");
  expect(fine.length).toBeGreaterThanOrEqual(ATTACKS.length);
  expect(fine.every((hit) => hit.header("friend") === "1")).toBe(true);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
}, 300_000);
