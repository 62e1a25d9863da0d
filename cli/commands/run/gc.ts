import { formatSize } from "../../../lib/base/sizes.ts";
import { collectGarbage } from "../../../lib/results/collect-garbage.ts";
import type { Flags } from "../../flags.ts";
import type { Io } from "../../io.ts";
import { printJson } from "./json-output.ts";
import { countOf } from "./lines.ts";
import { isEnded, runsFolder } from "./state.ts";

/**
 * Removes stored results that are past their ttl, or that nobody names any more.
 *
 * @throws {WeirError} IO_READ, IO_WRITE
 */
export async function run(_word: string, flags: Flags, io: Io): Promise<number> {
  const { runtime } = io;
  const folder = runsFolder(runtime);
  const { references, files, bytes, busyRuns } = await collectGarbage({
    files: runtime.files,
    clock: runtime.clock,
    runsFolder: folder,
    isEnded: async (runId) => await isEnded(folder, runId, runtime),
  });
  if (flags.isSet("json")) {
    await printJson({ references, files, bytes, busy_runs: busyRuns }, io);
    return 0;
  }
  for (const runId of busyRuns) await io.warn(`Run ${runId} is writing results: left alone`);
  const freed = `${countOf(files, "file")}, ${formatSize(bytes)}`;
  await io.stdout.write(`removed ${countOf(references, "result")}: ${freed}\n`);
  return 0;
}
