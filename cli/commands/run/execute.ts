import { newId } from "../../../lib/base/ids.ts";
import type { WeirError } from "../../../lib/base/errors.ts";
import {
  checkOpenNames,
  mergeWorkload,
  runPlaybook,
  type RunResult,
} from "../../../lib/pipeline/index.ts";
import type { StampedEvent } from "../../../lib/pipeline/events.ts";
import type { Playbook } from "../../../lib/pipeline/model.ts";
import type { Flags } from "../../flags.ts";
import type { Io } from "../../io.ts";
import { printJson } from "./json-output.ts";
import { type Detail, doneLine, stoppedLine } from "./lines.ts";
import { openPipeline } from "./open.ts";
import { readPlaybook } from "./playbook.ts";
import { openProgress, type RunProgress } from "./progress.ts";
import { reportFiles, reportText, writeReport } from "./report.ts";
import { RunTally } from "./tally.ts";
import { type JsonMap, readWorkload } from "./workload.ts";

/** A run that is about to begin. */
interface Run {
  readonly id: string;
  readonly file: string;
  readonly playbook: Playbook;
  readonly given: JsonMap;
  readonly flags: Flags;
  readonly io: Io;
  readonly progress: RunProgress;
  readonly tally: RunTally;
  readonly reports: readonly string[];
}

/** How it ended, and how long it took. */
interface Ended {
  readonly result: RunResult;
  readonly durationMs: number;
  readonly redact: (text: string) => string;
}

/**
 * Runs a pipeline file.
 *
 * @throws {WeirError} PIPELINE_FAILED, PIPELINE_INVALID, TEMPLATE_*, CONFIG_*, PLUGIN_*, USAGE_*,
 *   IO_READ, IO_WRITE
 */
export async function run(file: string, flags: Flags, io: Io): Promise<number> {
  const reports = reportFiles(flags.list("report"));
  const playbook = await readPlaybook(file, flags, io);
  const given = await readWorkload(flags, io, mergeWorkload);
  checkOpenNames(playbook, mergeWorkload(playbook.workload, given));
  const { runtime } = io;
  const progress = openProgress(io, {
    isQuiet: flags.count("quiet") > 0,
    detail: detailOf(flags),
    isNdjson: isNdjson(flags),
  });
  const id = newId(runtime.clock, (count) => runtime.random(count));
  const tally = new RunTally();
  const wanted: Run = { id, file, playbook, given, flags, io, progress, tally, reports };
  let ended: Ended;
  try {
    ended = await perform(wanted);
  } finally {
    await progress.end();
  }
  return await conclude(wanted, ended);
}

function isNdjson(flags: Flags): boolean {
  return flags.text("events") === "ndjson" || flags.isSet("json");
}

function detailOf(flags: Flags): Detail {
  const count = flags.count("verbose");
  return count === 0 ? 0 : count === 1 ? 1 : 2;
}

async function perform({
  id,
  file,
  playbook,
  given,
  flags,
  io,
  progress,
  tally,
  reports,
}: Run): Promise<Ended> {
  const take = (event: StampedEvent): void => {
    tally.take(event);
    progress.take(event);
  };
  // Nobody would hear of them, and a loop has many.
  const isUnheard = flags.count("quiet") > 0 && reports.length === 0 && !isNdjson(flags);
  const onEvent = isUnheard ? undefined : take;
  await using pipeline = await openPipeline({ id, file, playbook, flags, io, progress, onEvent });
  const { ports } = pipeline;
  const startedMs = ports.clock.monotonicMs();
  const inputs = { workload: given, target: flags.text("target") };
  const result = await runPlaybook(playbook, inputs, ports);
  const durationMs = ports.clock.monotonicMs() - startedMs;
  // Redirects and the requests of scripts are not attempts of tasks.
  tally.requests = Math.max(tally.requests, result.requests);
  return { result, durationMs, redact: ports.redact };
}

/** Prints what a run gave, and what became of it. */
async function conclude(run: Run, ended: Ended): Promise<number> {
  const { io, flags, tally } = run;
  const { result, durationMs } = ended;
  // The last event says the same to a program.
  const isSilent = flags.count("quiet") > 0 || isNdjson(flags);
  const say = async (line: string): Promise<void> => {
    if (!isSilent) await io.stderr.write(`${line}\n`).catch(() => undefined);
  };
  const unwritten = await writeReports(run, ended);
  if (io.signal.aborted) {
    await say(stoppedLine(tally, durationMs));
    return 0;
  }
  if (result.error !== undefined) {
    if (unwritten !== undefined) await io.warn(unwritten.message);
    throw result.error;
  }
  if (!result.isPrinted) await printJson(result.output, io);
  await say(doneLine(tally, durationMs));
  if (unwritten !== undefined) throw unwritten;
  return 0;
}

/** Returns the error of a report that could not be written: that the run failed weighs more. */
async function writeReports(
  { id, playbook, tally, reports, io }: Run,
  { result, durationMs, redact }: Ended,
): Promise<WeirError | undefined> {
  if (reports.length === 0) return undefined;
  const { error, failedAt } = result;
  const state = io.signal.aborted ? ("cancelled" as const) : result.state;
  const end = { runId: id, pipeline: playbook.name, state, durationMs, failedAt, error };
  const text = reportText(end, tally, redact);
  for (const path of reports) {
    const unwritten = await writeReport(path, text, io.runtime.files);
    if (unwritten !== undefined) return unwritten;
  }
  return undefined;
}
