import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { collectBytes } from "../../lib/base/bytes.ts";
import type { HookChain } from "../../lib/exchange/ports.ts";
import { NO_BODY } from "../../lib/http/body.ts";
import type { Draft } from "../../lib/http/draft.ts";
import { openHooks } from "../../lib/hooks/index.ts";
import { bytesResponseBody } from "../../lib/hooks/patch.ts";
import { findPlugin } from "../../lib/hooks/resolve.ts";
import { bunRuntime } from "../../lib/runtime/bun.ts";
import { bunProcesses } from "../../lib/runtime/bun-processes.ts";
import { startServer } from "../support/loopback-server.ts";
import { isolatedBinary, removeIsolatedBinary } from "../support/targets.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { measure } from "./cold-start.ts";

// Prints what plugins cost, with the child of the compiled binary. Numbers to read, not a gate.
// Usage: bun run build && bun test/bench/hooks.ts [ROUNDS [CALLS]]; CALLS hooks in a row show memory

const rounds = Number(process.argv[2] ?? 20);
const MEGABYTES = 10;

const WARM = `weir.on("pre_request", async (event) => {
  const text = await event.text();
  event.headers["x-length"] = String(text.length);
  return event;
});`;

const BYTES = `export const plugin = { name: "bytes", capabilities: ["rewrite"], limits: { memory_mb: 256 } };
weir.on("post_request", async (event) => {
  const bytes = await event.bytes();
  bytes[0] = 88;
  event.body = bytes;
  return event;
});`;

const TEXT = `export const plugin = { name: "text", capabilities: ["rewrite"], limits: { memory_mb: 256 } };
weir.on("post_request", async (event) => {
  event.body = "X" + (await event.text()).slice(1);
  return event;
});`;

function median(times: readonly number[]): number {
  const sorted = times.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** Runs `work` with the hooks of one plugin, whose child is the compiled binary. */
async function withPlugin(
  source: string,
  work: (chain: HookChain, pids: () => readonly number[]) => Promise<void>,
): Promise<void> {
  using folder = temporaryFolder();
  const path = join(folder.path, "plugin.js");
  writeFileSync(path, source);
  const hooks = await openHooks({
    runtime: bunRuntime,
    plugins: [{ file: await findPlugin(path, bunRuntime) }],
    mode: "raw",
    warn: console.error,
    log: console.error,
    createClient: () => {
      throw new Error("Nothing here asks for a client");
    },
    processes: { ...bunProcesses, selfCommand: (argv) => [isolatedBinary(), ...argv] },
  });
  try {
    await hooks.ready();
    await work(hooks.chain, () => hooks.pids());
  } finally {
    await hooks.close();
  }
}

async function time(count: number, work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let at = 0; at < count; at += 1) {
    const before = performance.now();
    await work();
    times.push(performance.now() - before);
  }
  return median(times);
}

const draft: Draft = {
  method: "POST",
  url: new URL("http://127.0.0.1/path?query=1"),
  headers: Array.from({ length: 10 }, (_, at) => [`x-header-${at}`, "a value of some length"]),
  defaults: [],
  unset: [],
  body: { kind: "bytes", bytes: new Uint8Array(2048).fill(97) },
};

async function warm(): Promise<void> {
  await withPlugin(WARM, async (chain) => {
    await time(500, () => chain.beforeRequest(draft));
    const ms = await time(2000, () => chain.beforeRequest(draft));
    console.log(
      `warm hook, 10 headers, 2 KB body read     ${(ms * 1000).toFixed(0)} us   (at most 250)`,
    );
  });
}

async function large(name: string, source: string): Promise<void> {
  const body = new Uint8Array(MEGABYTES * 1_000_000).fill(97);
  await withPlugin(source, async (chain) => {
    const rewrite = async (): Promise<void> => {
      const response = { status: 200, reason: "", httpVersion: "1.1", headers: [] };
      const exchange = await chain.afterResponse({
        draft: { ...draft, body: NO_BODY },
        hops: [],
        response,
        body: bytesResponseBody(body),
        elapsedMs: 0,
      });
      const bytes = await collectBytes(exchange.body.chunks);
      if (bytes[0] !== 88 || bytes.length !== body.length) throw new Error("Not rewritten");
    };
    await time(3, rewrite);
    const ms = await time(rounds, rewrite);
    console.log(`10 MB body rewritten as ${name.padEnd(18)}${ms.toFixed(0)} ms   (at most 100)`);
  });
}

function residentMib(pid: number): number {
  const text = readFileSync(`/proc/${pid}/status`, "utf8");
  return Math.round(Number(/^VmRSS:\s*(\d+)/m.exec(text)?.[1] ?? 0) / 1024);
}

/** Prints the memory of both processes after each tenth of many calls. */
async function memory(calls: number): Promise<void> {
  await withPlugin(WARM, async (chain, pids) => {
    const [child = 0] = pids();
    const rows: string[] = [];
    for (let tenth = 0; tenth < 10; tenth += 1) {
      for (let at = 0; at < calls / 10; at += 1) await chain.beforeRequest(draft);
      rows.push(`${residentMib(child)}/${residentMib(process.pid)}`);
    }
    console.log(`MiB of child/parent over ${calls} calls    ${rows.join(" ")}`);
  });
}

async function cold(): Promise<void> {
  using folder = temporaryFolder();
  mkdirSync(folder.path, { recursive: true });
  const path = join(folder.path, "plugin.js");
  writeFileSync(path, WARM);
  using server = await startServer({ hits: "any", routes: { "/small": { json: { id: 1 } } } });
  const url = `${server.url}/small`;
  const [plain, hooked] = await measure(
    [
      { name: "plain", words: [isolatedBinary(), "get", url] },
      { name: "hooked", words: [isolatedBinary(), "--plugin", path, "get", url] },
    ],
    rounds,
  );
  if (plain === undefined || hooked === undefined) return;
  const added = hooked.medianMs - plain.medianMs;
  console.log(`one request without plugins              ${plain.medianMs.toFixed(1)} ms`);
  console.log(`one request with its first hook          ${hooked.medianMs.toFixed(1)} ms`);
  console.log(`the first hook adds                      ${added.toFixed(1)} ms   (at most 60)`);
}

try {
  await warm();
  await large("bytes", BYTES);
  await large("text", TEXT);
  await cold();
  const calls = Number(process.argv[3] ?? 0);
  if (calls > 0) await memory(calls);
} finally {
  removeIsolatedBinary();
}
