import { createWriteStream, mkdirSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { loadPlaybook } from "../../lib/pipeline/index.ts";
import type { Outcome } from "../../lib/pipeline/outcome.ts";
import { decide, judgingScope } from "../../lib/pipeline/rules.ts";
import { isolatedBinary, removeIsolatedBinary } from "../support/targets.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { type Contender, measure, type Measurement, median } from "./cold-start.ts";

// Prints what rules of a policy cost, how many items a second a parallel loop takes beside other
// programs, and the memory of a large page and of many items. Numbers to read, not a gate.
// Usage: bun test/bench/pipeline.ts [ITEMS] [PAGE_MIB] [ROWS] [ROUNDS]

/** How much is measured. */
export interface PipelineSizes {
  /** Requests of the parallel loop. */
  readonly items: number;
  /** MiB of the page that is stored by reference. */
  readonly pageMib: number;
  /** Lines of the NDJSON file. */
  readonly rows: number;
  readonly rounds: number;
}

const IN_FLIGHT = 64;

const RULES = `
- call:
    kind: noop
    spec:
      policy:
        rules:
          - when: outcome.status == 'error' and outcome.http.status in [429, 500, 502, 503, 504]
            then: { do: retry }
          - when: outcome.status == 'error'
            then: { do: fail }
          - when: outcome.result.data.paging.has_more
            then: { do: continue }
`;

function fanOut(url: string, items: number): string {
  return `apiVersion: weir/v1
kind: Playbook
workflow:
  - step: fetch
    loop: { in: ${items}, iterator: id, spec: { mode: parallel, max_in_flight: ${IN_FLIGHT} } }
    tool:
      - item: { kind: http, url: "${url}/item/{{ iter.id }}" }
output: "{{ fetch.ok }}"
`;
}

function largePage(url: string, bytes: number): string {
  return `apiVersion: weir/v1
kind: Playbook
workflow:
  - step: fetch
    tool:
      - large:
          kind: http
          url: "${url}/page?bytes=${bytes}"
          spec:
            result:
              select: [{ path: "$.first", as: first }, { path: "$.next", as: next }]
output: "{{ large.first ~ large.next }}"
`;
}

const MANY_ROWS = `apiVersion: weir/v1
kind: Playbook
workflow:
  - step: rows
    loop: { in: { file: rows.ndjson }, iterator: row }
    tool:
      - id: { kind: transform, value: "{{ iter.row.id }}" }
output: "{{ rows.ok }}"
`;

/** Returns the median microseconds of judging an outcome by three rules, the last of which matches. */
function rulesUs(): number {
  const { steps } = loadPlaybook(RULES, { file: "rules.yaml" });
  const policy = steps[0]?.tasks[0]?.policy;
  if (policy === undefined) throw new Error("The playbook has no task");
  const items = Array.from({ length: 1000 }, (_, id) => ({ id }));
  const outcome: Outcome = {
    status: "ok",
    http: { status: 200, headers: {} },
    result: { status: 200, headers: {}, data: { items, paging: { has_more: true } } },
    error: null,
    meta: { attempt: 1, duration_ms: 3 },
  };
  const scope = judgingScope({ layers: [{ workload: {}, iter: {} }], options: {} }, outcome);
  const terms = {
    facts: { attempt: 1, elapsedMs: 0, maySendAgain: () => ({ allowed: true }) as const },
    isOpen: true,
    random: () => 0,
    onUnsafe: () => undefined,
  };
  const times = Array.from({ length: 200 }, () => {
    const before = performance.now();
    for (let at = 0; at < 500; at += 1) decide(policy, scope, outcome, terms);
    return (performance.now() - before) * 2;
  });
  return median(times);
}

/** Starts the server; it ends with the scope. */
async function startServer() {
  const script = join(import.meta.dir, "pipeline-server.ts");
  const child = Bun.spawn([process.execPath, script], { stdout: "pipe", stderr: "inherit" });
  const { value } = await child.stdout.getReader().read();
  const port = new TextDecoder().decode(value).trim();
  return { url: `http://127.0.0.1:${port}`, [Symbol.dispose]: () => child.kill() };
}

/** Returns the programs that ask for every item, weir first; hurl gets one file for each. */
function contenders(url: string, items: number, folder: string): readonly Contender[] {
  const all = [
    { name: "weir", words: [isolatedBinary(), "run", "-q", join(folder, "fan-out.yaml")] },
    {
      name: "curl",
      words: ["curl", "-s", "-Z", "--parallel-max", String(IN_FLIGHT), "-o", "/dev/null"].concat(
        `${url}/item/[0-${items - 1}]`,
      ),
    },
    { name: "hurl", words: ["hurl", "--test", "--jobs", String(IN_FLIGHT), join(folder, "hurl")] },
  ].filter(({ words }) => Bun.which(words[0] ?? "") !== null);
  if (all.some(({ name }) => name === "hurl")) {
    mkdirSync(join(folder, "hurl"));
    for (let id = 0; id < items; id += 1) {
      writeFileSync(join(folder, "hurl", `${id}.hurl`), `GET ${url}/item/${id}\n`);
    }
  }
  return all;
}

async function writeRows(path: string, rows: number): Promise<void> {
  const file = createWriteStream(path);
  for (let id = 0; id < rows; id += 1) {
    if (!file.write(`{"id":${id},"name":"row ${id}","tags":["a","b"]}\n`))
      await once(file, "drain");
  }
  file.end();
  await once(file, "finish");
}

function printRows(title: string, all: readonly Measurement[], count: number, unit: string): void {
  console.log(`\n${title}`);
  console.log(`program  median ms ${`${unit}/s`.padStart(12)}  peak MiB`);
  for (const { name, medianMs, peakMib } of all) {
    const rate = Math.round((count / medianMs) * 1000);
    const cells = [medianMs.toFixed(0).padStart(9), String(rate).padStart(12)];
    console.log(`${name.padEnd(8)} ${cells.join(" ")} ${(peakMib?.toFixed(0) ?? "-").padStart(9)}`);
  }
}

/** Measures pipelines and prints what came of it. */
export async function benchPipelines(sizes: PipelineSizes): Promise<void> {
  const { items, pageMib, rows, rounds } = sizes;
  console.log(`\nThree rules of a policy: ${rulesUs().toFixed(2)} us an outcome`);
  using folder = temporaryFolder();
  using server = await startServer();
  const file = (name: string): string => join(folder.path, name);
  const weir = (name: string): readonly Contender[] => [
    { name: "weir", words: [isolatedBinary(), "run", "-q", file(name)] },
  ];
  writeFileSync(file("fan-out.yaml"), fanOut(server.url, items));
  writeFileSync(file("page.yaml"), largePage(server.url, pageMib * 1024 ** 2));
  writeFileSync(file("rows.yaml"), MANY_ROWS);
  await writeRows(file("rows.ndjson"), rows);
  const raced = await measure(contenders(server.url, items, folder.path), rounds);
  printRows(`${items} requests, ${IN_FLIGHT} in flight, ${rounds} rounds`, raced, items, "items");
  const page = await measure(weir("page.yaml"), 1);
  printRows(`A page of ${pageMib} MiB by reference`, page, pageMib, "MiB");
  const many = await measure(weir("rows.yaml"), 1);
  printRows(`A loop over ${rows} lines of NDJSON`, many, rows, "items");
}

if (import.meta.main) {
  const [items = 10_000, pageMib = 1024, rows = 1_000_000, rounds = 3] = process.argv
    .slice(2)
    .map(Number);
  try {
    await benchPipelines({ items, pageMib, rows, rounds });
  } finally {
    removeIsolatedBinary();
  }
}
