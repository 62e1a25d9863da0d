import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { StampedEvent } from "../../lib/pipeline/events.ts";
import type { StepSummary } from "../../lib/pipeline/index.ts";
import { autoClock } from "../support/auto-clock.ts";
import { type CaseHit, startCaseServer } from "../support/case-server.ts";
import { runPipeline } from "../support/pipeline-run.ts";
import { runCli } from "../support/run-cli.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { pipelineCase } from "./corpus-cases.ts";

/** What a case came to, and what its server saw. */
export interface Played {
  readonly exit: number;
  readonly output: unknown;
  readonly steps: Readonly<Record<string, StepSummary>>;
  /** Where a task passed after a retry. */
  readonly flaky: readonly { readonly step: string }[];
  /** What the run said in the end. */
  readonly message: string;
  readonly events: readonly StampedEvent[];
  readonly hits: readonly CaseHit[];
  readonly maxInFlight: number;
  /** `expect` of the case. */
  readonly wanted: Readonly<Record<string, unknown>>;
}

/** `report json=` of a run. */
interface Report {
  readonly steps: readonly (StepSummary & { readonly step: string })[];
  readonly flaky: Played["flaky"];
  readonly error: { readonly message: string } | null;
}

/**
 * Runs a pipeline, which has `PORT` where the port belongs, on the binary against the server of a
 * case.
 */
export async function play(
  id: string,
  text: string,
  { env }: { readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Played> {
  const { server: script, expect: wanted } = pipelineCase(id);
  using server = await startCaseServer(script);
  using folder = temporaryFolder();
  const file = join(folder.path, `${id}.yaml`);
  const report = join(folder.path, "report.json");
  writeFileSync(file, text.replaceAll("PORT", String(server.port)));
  const argv = ["run", file, "--events", "ndjson", "--report", `json=${report}`];
  const done = await runCli(argv, { target: "binary", timeoutMs: 60_000, ...(env && { env }) });
  // Written by the program that is tested, in the form its manual promises.
  const { steps, flaky, error } = JSON.parse(readFileSync(report, "utf8")) as Report;
  const lines = done.stderr.split("\n").filter((line) => line.startsWith("{"));
  return {
    exit: done.exit,
    output: done.stdout === "" ? undefined : JSON.parse(done.stdout),
    steps: Object.fromEntries(steps.map((one) => [one.step, one])),
    flaky,
    message: error?.message ?? "",
    events: lines.map((line) => JSON.parse(line)),
    hits: server.hits,
    maxInFlight: server.maxInFlight,
    wanted,
  };
}

/** As play(), in this process, on a clock on which waits of retries are over at once. */
export async function playAtOnce(id: string, text: string): Promise<Played> {
  const { server: script, expect: wanted } = pipelineCase(id);
  const clock = autoClock();
  using server = await startCaseServer(script, clock);
  const run = await runPipeline(text.replaceAll("PORT", String(server.port)), {
    clock,
    onEvent(event) {
      if (event.event === "retry") clock.skip(event.wait_ms);
    },
  });
  const { output, steps, flaky, error, events } = run;
  const message = error?.message ?? "";
  const seen = { hits: server.hits, maxInFlight: server.maxInFlight, wanted };
  return { exit: error === undefined ? 0 : 10, output, steps, flaky, message, events, ...seen };
}

/** Returns the seconds between the requests to one path. */
export function waitsOf({ hits }: Pick<Played, "hits">, path: string): readonly number[] {
  const times = hits.filter((hit) => hit.path === path).map(({ atMs }) => atMs);
  return times.slice(1).map((atMs, at) => (atMs - (times[at] ?? 0)) / 1000);
}
