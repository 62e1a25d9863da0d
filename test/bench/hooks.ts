import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { collectBytes } from "../../lib/base/bytes.ts";
import { createClient } from "../../lib/client.ts";
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
import { measure, median } from "./cold-start.ts";

// Prints what plugins cost, with the child of the compiled binary. Numbers to read, not a gate.
// Usage: bun run build && bun test/bench/hooks.ts [ROUNDS [CALLS]]; CALLS hooks in a row show memory

const rounds = Number(process.argv[2] ?? 20);
const MEGABYTES = 10;
const WARM_ROUNDS = 1500;

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

/** Runs `work` with the hooks of one plugin, whose child is the compiled binary. */
async function withPlugin(
  source: string,
  work: (chain: Required<HookChain>, pids: () => readonly number[]) => Promise<void>,
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

async function timed(work: () => Promise<unknown>): Promise<number> {
  const before = performance.now();
  await work();
  return performance.now() - before;
}

/** Returns the times of ways to do something, each done once a round so that noise meets all alike. */
async function inTurn(
  rounds: number,
  ways: readonly (() => Promise<unknown>)[],
): Promise<readonly (readonly number[])[]> {
  const times = ways.map((): number[] => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, way] of ways.entries()) times[at]?.push(await timed(way));
  }
  return times;
}

/** Prints a median and the least of it: on a busy machine only the least says what the work takes. */
function print(name: string, times: readonly number[], unit: "us" | "ms", limit = ""): void {
  const show = (ms: number): string =>
    unit === "us" ? (ms * 1000).toFixed(0).padStart(6) : ms.toFixed(1).padStart(6);
  const least = Math.min(...times);
  console.log(`${name.padEnd(42)}${show(median(times))} ${unit}, least ${show(least)}  ${limit}`);
}

const draft: Draft = {
  method: "POST",
  url: new URL("http://127.0.0.1/path?query=1"),
  headers: Array.from({ length: 10 }, (_, at) => [`x-header-${at}`, "a value of some length"]),
  defaults: [],
  unset: [],
  body: { kind: "bytes", bytes: new Uint8Array(2048).fill(97) },
};

/** Bytes of a call and of its answer, through two pipes and a program that does nothing else. */
function pipeRoundTrip(): { trip: () => Promise<void>; close: () => void } {
  const child = Bun.spawn(["cat"], { stdin: "pipe", stdout: "pipe" });
  const reader = child.stdout.getReader();
  const bytes = new Uint8Array(3000);
  return {
    async trip() {
      void child.stdin.write(bytes);
      void child.stdin.flush();
      for (let count = 0; count < bytes.length;) count += (await reader.read()).value?.length ?? 0;
    },
    close: () => child.kill(),
  };
}

async function warm(): Promise<void> {
  using server = await startServer({ hits: "any", routes: { "/path": { json: { id: 1 } } } });
  const request = { ...draft, url: new URL(`${server.url}/path?query=1`) };
  await withPlugin(WARM, async (chain) => {
    const [plain, hooked] = [undefined, chain].map((hooks) =>
      createClient({
        runtime: bunRuntime,
        dial: { tls: { isVerified: true } },
        exchange: { limits: {}, isDecoded: true },
        hooks,
      }),
    );
    if (plain === undefined || hooked === undefined) return;
    const pipe = pipeRoundTrip();
    const ways = [plain, hooked].map((client) => async () => {
      await collectBytes((await client.perform(request)).body.chunks);
    });
    const all = [...ways, () => chain.beforeRequest(request), pipe.trip];
    await inTurn(500, all);
    const [without = [], withHook = [], alone = [], floor = []] = await inTurn(WARM_ROUNDS, all);
    print("request without plugins", without, "us");
    print("request with a warm hook", withHook, "us");
    const added = withHook.map((ms, at) => ms - (without[at] ?? Number.NaN));
    console.log(
      `${"the hook adds".padEnd(42)}${(median(added) * 1000).toFixed(0).padStart(6)} us (at most 250)`,
    );
    print("the hook alone, 10 headers, 2 KB body read", alone, "us");
    print("of that the machine's: two pipes and cat", floor, "us");
    for (const one of [plain, hooked, pipe]) one.close();
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
    await inTurn(3, [rewrite]);
    const [times = []] = await inTurn(rounds, [rewrite]);
    print(`10 MB body rewritten as ${name}`, times, "ms", "(at most 100)");
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
  const show = (name: string, first: number, least: number, limit = ""): void =>
    console.log(
      `${name.padEnd(42)}${first.toFixed(1).padStart(6)} ms, least ${least.toFixed(1).padStart(6)}  ${limit}`,
    );
  show("one request without plugins", plain.medianMs, plain.minMs);
  show("one request with its first hook", hooked.medianMs, hooked.minMs);
  const added = hooked.medianMs - plain.medianMs;
  show("the first hook adds", added, hooked.minMs - plain.minMs, "(at most 60)");
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
