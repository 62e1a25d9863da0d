import { statSync } from "node:fs";
import { utf8 } from "../../lib/base/bytes.ts";
import { csvItems } from "../../lib/results/csv-items.ts";
import { jsonItems } from "../../lib/results/json-items.ts";
import { ndjsonItems } from "../../lib/results/ndjson-items.ts";
import type { ResultPolicy } from "../../lib/results/policy.ts";
import { compileSelect } from "../../lib/results/select.ts";
import { ResultStore } from "../../lib/results/store.ts";
import { detectRuntime } from "../../lib/runtime/detect.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

// Prints how fast a large body goes by, and how much the process grows: the memory must not grow with
// the body. Numbers to read, not a gate. Usage: bun test/bench/results.ts [MiB]

const MIB = 1024 * 1024;
const BODY_BYTES = Number(process.argv[2] ?? 1024) * MIB;
const CHUNK_BYTES = 64 * 1024;
const runtime = await detectRuntime();

function item(id: number): object {
  return {
    id,
    name: `item ${id}`,
    tags: ["red", 'a "quoted" one'],
    price: id * 1.25,
    active: id % 2 === 0,
    owner: {
      id: id * 7,
      email: `user${id}@example.test`,
      note: "Lorem ipsum dolor sit. ".repeat(5),
    },
  };
}

const items = Array.from({ length: 2000 }, (_, id) => JSON.stringify(item(id)));

/** Yields `head`, then `block` until the body is large enough, then `tail`, in chunks of a socket. */
async function* body(head: string, block: string, tail: string): AsyncGenerator<Uint8Array> {
  const bytes = utf8(block);
  yield utf8(head);
  for (let sent = 0; sent < BODY_BYTES; sent += bytes.byteLength) {
    for (let at = 0; at < bytes.byteLength; at += CHUNK_BYTES) {
      yield bytes.slice(at, at + CHUNK_BYTES);
    }
  }
  yield utf8(tail);
}

function page(): AsyncGenerator<Uint8Array> {
  return body('{"items":[', `${items.join(",")},`, '{}],"paging":{"more":true}}');
}

/** Runs `task`, looking at the memory of the process meanwhile, and prints a row. */
async function measure(name: string, task: () => Promise<unknown>): Promise<void> {
  const before = process.memoryUsage.rss();
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 50);
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  const note = await task();
  const seconds = (performance.now() - startMs) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  clearInterval(timer);
  most = Math.max(most, process.memoryUsage.rss());
  const rate = (BODY_BYTES / 1e6 / seconds).toFixed(0);
  // What the machine would give if it did nothing else.
  const cpuRate = (BODY_BYTES / (user + system)).toFixed(0);
  const growth = ((most - before) / MIB).toFixed(0);
  const numbers = [rate, cpuRate, growth].map((text) => text.padStart(10)).join("");
  console.log(`${name.padEnd(34)}${numbers}   ${String(note)}`);
}

async function select(...paths: readonly string[]): Promise<string> {
  const plan = compileSelect(paths.map((path, at) => ({ path, as: `f${at}` })));
  const selection = plan.selection(65_536);
  for await (const chunk of page()) selection.write(chunk);
  return JSON.stringify(selection.end().extracted);
}

async function keep(compression: "gzip" | "none", ...paths: readonly string[]): Promise<string> {
  using folder = temporaryFolder();
  using store = new ResultStore({ runId: "r1", folder: `${folder.path}/results`, runtime });
  const policy: ResultPolicy = {
    store: { kind: "auto", scope: "execution", ttlMs: undefined, compression },
    select: paths.map((path, at) => ({ path, as: `f${at}` })),
    inlineCapBytes: 65_536,
    previewCapBytes: 1024,
  };
  const about = { step: "s", task: "t", contentType: undefined, policy };
  const kept = await store.keep(page(), { ...about, plan: compileSelect(policy.select) });
  if (kept.kind === "inline") return "inline";
  const { meta, extracted } = kept.reference;
  const name = compression === "gzip" ? `${meta.sha256}.gz` : meta.sha256;
  const { size } = statSync(`${folder.path}/results/${name}`);
  return `${JSON.stringify(extracted)} in ${(size / MIB).toFixed(0)} MiB`;
}

async function count(source: AsyncIterable<unknown>): Promise<string> {
  let seen = 0;
  for await (const _one of source) seen += 1;
  return `${seen} items`;
}

console.log(`${"".padEnd(34)}      MB/s  MB/CPU s  MiB more`);
await measure("nothing, only the chunks", async () => {
  for await (const chunk of page()) if (chunk.byteLength === 0) throw new Error("empty");
  return "";
});
await measure("select after all items", () => select("$.paging.more"));
await measure("select from the first item", () => select("$.items[0].id", "$.paging.more"));
await measure("select that looks into each item", () =>
  select("$.items[*].missing", "$.paging.more"),
);
await measure("select that looks two levels down", () =>
  select("$.items[*].owner.missing", "$.items[*].missing"),
);
await measure("keep", () => keep("none"));
await measure("keep and select", () => keep("none", "$.paging.more"));
await measure("keep with gzip and select", () => keep("gzip", "$.paging.more"));
await measure("items of JSON", () => count(jsonItems(page(), "$.items[*]")));
await measure("lines of NDJSON", () => count(ndjsonItems(body("", `${items.join("\n")}\n`, ""))));
const rows = items.map((text) => `1,"${text.replaceAll('"', '""')}",plain`).join("\r\n");
await measure("rows of CSV", () => count(csvItems(body("id,text,more\r\n", `${rows}\r\n`, ""))));
