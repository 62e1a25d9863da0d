import { startServer } from "../support/loopback-server.ts";
import { isolatedBinary, removeIsolatedBinary } from "../support/targets.ts";
import { type AgentCost, measureAgent } from "./agent.ts";
import { benchPipelines } from "./pipeline.ts";
import { type Contender, measure, type Measurement } from "./cold-start.ts";

// Prints how long weir and its peers take for one request on loopback, what an agent adds to a
// call, and how fast pipelines are. Numbers to read, not a gate. What is not installed is left out.
// Usage: bun run bench [ROUNDS]

const SMALL = '{"id":1,"name":"weir","tags":["a","b"]}\n';

/** Returns the words with which each program asks for `url`; curl first, as the yardstick. */
function getters(url: string): readonly Contender[] {
  return [
    { name: "curl", words: ["curl", "-s", url] },
    { name: "weir", words: [isolatedBinary(), "get", url] },
    { name: "xh", words: ["xh", "--ignore-stdin", "get", url] },
    { name: "HTTPie", words: ["http", "--ignore-stdin", "GET", url] },
  ];
}

/** Returns the words with which each program posts a small JSON object to `url`. */
function posters(url: string): readonly Contender[] {
  const items = ["name=Ada", "born:=1815", "tags[]=maths"];
  const json = '{"name":"Ada","born":1815,"tags":["maths"]}';
  return [
    {
      name: "curl",
      words: ["curl", "-s", "-H", "Content-Type: application/json", "-d", json, url],
    },
    { name: "weir", words: [isolatedBinary(), "post", url, ...items] },
    { name: "xh", words: ["xh", "--ignore-stdin", "post", url, ...items] },
    { name: "HTTPie", words: ["http", "--ignore-stdin", "POST", url, ...items] },
  ];
}

function isInstalled({ words }: Contender): boolean {
  return Bun.which(words[0] ?? "") !== null;
}

function row(one: Measurement, yardstick: string): string {
  const cells = [
    one.name.padEnd(8),
    one.medianMs.toFixed(1).padStart(9),
    one.minMs.toFixed(1).padStart(9),
    one.maxMs.toFixed(1).padStart(9),
    `${one.ratio.toFixed(2)} x ${yardstick}`.padStart(14),
    (one.peakMib?.toFixed(0) ?? "-").padStart(9),
  ];
  return cells.join(" ");
}

function print(title: string, rounds: number, all: readonly Measurement[]): void {
  const yardstick = all[0]?.name ?? "";
  console.log(`\n${title}, ${rounds} rounds`);
  console.log("program  median ms    min ms    max ms          ratio  peak MiB");
  for (const one of all) console.log(row(one, yardstick));
}

/** What guard, audit and envelope may add to a call. */
const ADDED_LIMIT_MS = 1.5;

function printAgent({ calls, bareMs, agentMs, addedMs }: AgentCost): void {
  console.log(`\nAgent call against the bare client, ${calls} calls each, one process, keep-alive`);
  console.log("              median ms");
  for (const [name, ms] of Object.entries({ bare: bareMs, agent: agentMs, added: addedMs })) {
    console.log(`${name.padEnd(8)} ${ms.toFixed(3).padStart(14)}`);
  }
  console.log(`limit    ${ADDED_LIMIT_MS.toFixed(3).padStart(14)} for what is added`);
  if (addedMs >= ADDED_LIMIT_MS) process.exitCode = 1;
}

const rounds = Number(process.argv[2] ?? 20);
using server = await startServer({
  hits: "any",
  routes: {
    "/small": { body: SMALL, headers: { "Content-Type": "application/json" } },
  },
});
const url = `${server.url}/small`;
try {
  for (const [title, contenders] of [
    ["Cold start, GET of a small JSON", getters(url)],
    ["Cold start, POST of a small JSON", posters(url)],
  ] as const) {
    print(title, rounds, await measure(contenders.filter(isInstalled), rounds));
  }
  printAgent(await measureAgent(url, rounds * 100));
  await benchPipelines({ items: 10_000, pageMib: 256, rows: 100_000, rounds: 3 });
} finally {
  removeIsolatedBinary();
}
