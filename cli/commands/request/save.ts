import type { Exchange } from "../../../lib/http/exchange.ts";
import type { Io } from "../../io.ts";
import { saveDownload } from "./download.ts";
import { noProgress, type Progress, ProgressBar, SummaryLine } from "./progress.ts";
import type { TypedRequest } from "./read.ts";
import { statusExit } from "./status.ts";

/** Says whether the response is one to save: not an error, or the proof that nothing is missing. */
export function isSaved({ response }: Exchange, { resume }: TypedRequest): boolean {
  return statusExit(response) === 0 || (resume !== undefined && response.status === 416);
}

/** Saves the body of a response to a file, with progress on a terminal. */
export async function save(exchange: Exchange, request: TypedRequest, io: Io): Promise<void> {
  await saveDownload(exchange, {
    files: io.runtime.files,
    url: request.draft.url,
    output: request.flags.text("output"),
    resume: request.resume,
    progress: progressFor(request, io),
  });
}

function progressFor({ flags }: TypedRequest, { stderr, runtime }: Io): Progress {
  if (flags.count("quiet") > 0) return noProgress;
  return stderr.isTerminal()
    ? new ProgressBar(stderr, runtime.clock)
    : new SummaryLine(stderr, runtime.clock);
}
