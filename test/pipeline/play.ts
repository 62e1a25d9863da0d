import { createPluginClients } from "../../lib/client.ts";
import { openScripts } from "../../lib/hooks/scripts.ts";
import type { StampedEvent } from "../../lib/pipeline/events.ts";
import { openRun, type OpenRunOptions, runPlaybook } from "../../lib/pipeline/index.ts";
import { loadPlaybook } from "../../lib/pipeline/load.ts";
import { bunRuntime } from "../../lib/runtime/bun.ts";
import { type AutoClock, autoClock } from "../support/auto-clock.ts";
import { type CaseServer, startCaseServer } from "../support/case-server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { pipelineCase } from "./corpus-cases.ts";

/** What a play of a case may be given. */
export interface PlayOptions extends Partial<OpenRunOptions> {
  readonly workload?: Readonly<Record<string, unknown>>;
  /** True: the clock of the machine, for cases whose waits are short. */
  readonly isRealTime?: boolean;
}

/**
 * Runs a pipeline, which has `PORT` where the port belongs, against the server of a case, and returns
 * what became of it. Waits of retries are over at once on the clock of the run.
 */
export async function play(id: string, text: string, options: PlayOptions = {}) {
  const { server: script, expect: wanted } = pipelineCase(id);
  const { workload = {}, isRealTime = false, ...own } = options;
  const clock: AutoClock | undefined = isRealTime ? undefined : autoClock();
  using server = await startCaseServer(script, clock);
  using state = temporaryFolder();
  const events: StampedEvent[] = [];
  const runtime = { ...bunRuntime, clock: clock ?? bunRuntime.clock };
  const dial = { tls: { isVerified: true } };
  const run = openRun({
    runtime,
    dial,
    folder: state.path,
    runId: "01JCASE",
    stateFolder: `${state.path}/state`,
    limits: {},
    signal: new AbortController().signal,
    print: () => Promise.resolve(),
    redact: (said) => said,
    scripts: openScripts({
      runtime,
      createClient: createPluginClients({ runtime, dial }),
      log: () => undefined,
    }),
    onEvent(event) {
      events.push(event);
      if (event.event === "retry") clock?.skip(event.wait_ms);
    },
    ...own,
  });
  try {
    const file = `${id}.yaml`;
    const playbook = loadPlaybook(text.replaceAll("PORT", String(server.port)), { file });
    const result = await runPlaybook(playbook, { workload }, run);
    return { ...result, events, hits: server.hits, maxInFlight: server.maxInFlight, wanted };
  } finally {
    await run.close();
  }
}

/** Returns the seconds between the requests to one path. */
export function waitsOf({ hits }: Pick<CaseServer, "hits">, path: string): readonly number[] {
  const times = hits.filter((hit) => hit.path === path).map(({ atMs }) => atMs);
  return times.slice(1).map((atMs, at) => (atMs - (times[at] ?? 0)) / 1000);
}
