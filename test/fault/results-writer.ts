import { ResultStore } from "../../lib/results/store.ts";
import { detectRuntime } from "../../lib/runtime/detect.ts";
import { chunksOf, keepRequest, referenceOf } from "../support/results.ts";

// Keeps bodies until it is killed and names each one that is kept. Usage: FOLDER SEED

const [folder = "", seed = ""] = process.argv.slice(2);
const store = new ResultStore({ runId: "r1", folder, runtime: await detectRuntime() });
const request = keepRequest({ store: { compression: "gzip", ttlMs: undefined } });

async function keepOne(number: number): Promise<void> {
  // Every third body is one that was kept before: its file is replaced under readers.
  const text = `${number % 3 === 0 ? "same" : `${seed} ${number}`} `.repeat(20_000);
  const { ref, meta } = referenceOf(await store.keep(chunksOf(text, 4096), request));
  process.stdout.write(`${ref} ${meta.sha256}\n`);
}

for (let at = 0; ; at += 3) await Promise.all([keepOne(at), keepOne(at + 1), keepOne(at + 2)]);
