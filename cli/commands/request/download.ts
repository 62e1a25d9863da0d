import { downloadName } from "../../../lib/http/file-name.ts";
import type { Exchange } from "../../../lib/http/exchange.ts";
import { headerValue } from "../../../lib/http/headers.ts";
import type { Files, FileWriter } from "../../../lib/runtime/runtime.ts";
import { createUnique, openFile, partialFile } from "./file.ts";
import type { Progress } from "./progress.ts";
import type { ResumePoint } from "./resume.ts";
import { readResumeAnswer, validatorOf, validatorPath } from "./resume.ts";

/** How a download is saved. */
export interface DownloadOptions {
  readonly files: Files;
  /** The URL as typed: redirects do not choose the name. */
  readonly url: URL;
  /** `--output`; without it the name comes from the response or the URL. */
  readonly output: string | undefined;
  readonly resume: ResumePoint | undefined;
  readonly progress: Progress;
}

interface Destination {
  readonly path: string;
  readonly writer: FileWriter;
  /** Bytes the file has before this response. */
  readonly startBytes: number;
}

/**
 * Saves the body of a response and returns the path of the file.
 *
 * A failed download leaves what came, and the error names the file.
 *
 * @throws {WeirError} IO_WRITE, or what the body throws with the file in its details
 */
export async function saveDownload(exchange: Exchange, options: DownloadOptions): Promise<string> {
  const { files, resume, output } = options;
  if (resume !== undefined && output !== undefined) {
    const answer = readResumeAnswer(exchange.response, resume.offset);
    if (answer === "complete") {
      exchange.body.cancel();
      await files.remove(validatorPath(output));
      return output;
    }
  }
  const destination = await openDestination(exchange, options);
  const validator = validatorOf(exchange.response);
  const side = validatorPath(destination.path);
  if (validator !== undefined) await files.replace(side, validator);
  const total = totalBytes(exchange, destination.startBytes);
  await copyBody(exchange, destination, total, options.progress);
  await files.remove(side);
  return destination.path;
}

async function openDestination(exchange: Exchange, options: DownloadOptions): Promise<Destination> {
  const { files, output, resume } = options;
  if (output === undefined) {
    const name = await downloadName(options.url, exchange.response.headers);
    return { ...(await createUnique(files, name)), startBytes: 0 };
  }
  const isAppended =
    resume !== undefined && readResumeAnswer(exchange.response, resume.offset) === "append";
  const writer = await openFile(files, output, isAppended ? "append" : "truncate");
  return { path: output, writer, startBytes: isAppended ? resume.offset : 0 };
}

function totalBytes(exchange: Exchange, startBytes: number): number | undefined {
  const length = headerValue(exchange.response.headers, "content-length");
  return length === undefined ? undefined : startBytes + Number(length);
}

async function copyBody(
  exchange: Exchange,
  { path, writer, startBytes }: Destination,
  total: number | undefined,
  progress: Progress,
): Promise<void> {
  let doneBytes = startBytes;
  let isComplete = false;
  try {
    await progress.start(path, doneBytes, total);
    for await (const chunk of exchange.body.chunks) {
      await writer.write(chunk);
      doneBytes += chunk.byteLength;
      await progress.advance(doneBytes);
    }
    isComplete = true;
  } catch (error) {
    const hint = `Go on with --download --continue --output ${path}`;
    throw partialFile(error, path, doneBytes, hint);
  } finally {
    await writer.close();
    await progress.end(isComplete);
  }
}
