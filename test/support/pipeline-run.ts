import type { StampedEvent } from "../../lib/pipeline/events.ts";
import { openRun, type OpenRunOptions, runPlaybook } from "../../lib/pipeline/index.ts";
import type { RunInputs, RunResult } from "../../lib/pipeline/run.ts";
import { loadPlaybook } from "../../lib/pipeline/load.ts";
import type { Playbook } from "../../lib/pipeline/model.ts";
import type { RunPorts } from "../../lib/pipeline/ports.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { runtime } from "./wire.ts";

/** What a test gives a run beside its file. */
export interface TestRunOptions extends Partial<Omit<OpenRunOptions, "runtime">> {
  /** Left out: the machine's. */
  readonly clock?: RunPorts["clock"];
  readonly inputs?: Partial<RunInputs>;
  /** Takes the place of ports that openRun() made. */
  readonly ports?: Partial<RunPorts> | undefined;
}

/** A run that is over, and all that it told. */
export interface EndedTestRun extends RunResult {
  readonly events: readonly StampedEvent[];
  readonly printed: string;
}

/** Runs a pipeline to its end in this process, with real ports in a folder of its own. */
export async function runPipeline(
  pipeline: string | Playbook,
  { clock, inputs, ports, ...own }: TestRunOptions = {},
): Promise<EndedTestRun> {
  using state = temporaryFolder();
  const events: StampedEvent[] = [];
  let printed = "";
  const run = openRun({
    // Tests keep their files where they like; what a stranger may name is tested apart.
    isTrusted: true,
    runtime: clock === undefined ? runtime : { ...runtime, clock },
    dial: { tls: { isVerified: true } },
    folder: state.path,
    runId: "01JTEST",
    stateFolder: state.path,
    limits: {},
    signal: new AbortController().signal,
    redact: (text) => text,
    print: async (text) => void (printed += text),
    ...own,
    onEvent(event) {
      events.push(event);
      own.onEvent?.(event);
    },
  });
  try {
    const playbook =
      typeof pipeline === "string" ? loadPlaybook(pipeline, { file: "test.yaml" }) : pipeline;
    const given = { workload: {}, ...inputs };
    return { ...(await runPlaybook(playbook, given, { ...run, ...ports })), events, printed };
  } finally {
    await run.close();
  }
}
