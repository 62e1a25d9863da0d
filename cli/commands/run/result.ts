import { collectBytes } from "../../../lib/base/bytes.ts";
import { TextSanitizer } from "../../../lib/base/sanitize.ts";
import { formatSize } from "../../../lib/base/sizes.ts";
import { isBinaryType } from "../../../lib/render/media-type.ts";
import { isJson } from "../../../lib/render/json-grammar.ts";
import { openStored, type StoredResult } from "../../../lib/results/stored.ts";
import type { Flags } from "../../flags.ts";
import type { Io } from "../../io.ts";
import { printJsonText } from "./json-output.ts";
import { runsFolder } from "./state.ts";

/** JSON up to this size is laid out on a terminal; nobody reads more of it there. */
const LAID_OUT_CAP_BYTES = 8 * 1024 * 1024;

/**
 * Prints a stored result: as it came in a pipe or with `--raw`, else made for reading.
 *
 * @throws {WeirError} REFERENCE_NOT_AVAILABLE, IO_READ, IO_WRITE
 */
export async function run(ref: string, flags: Flags, io: Io): Promise<number> {
  const { files, clock } = io.runtime;
  const stored = await openStored({ files, clock, runsFolder: runsFolder(io.runtime) }, ref);
  if (flags.isSet("raw") || !io.isStdoutTerminal) {
    for await (const chunk of stored.chunks) await io.stdout.write(chunk);
    return 0;
  }
  return await show(stored, io);
}

async function show({ reference, chunks }: StoredResult, io: Io): Promise<number> {
  const { content_type: type, bytes } = reference.meta;
  if (isBinaryType(type ?? "")) {
    await io.warn(`Not shown: ${type}, ${formatSize(bytes)}; send it to a file, or add --raw`);
    return 0;
  }
  if (bytes <= LAID_OUT_CAP_BYTES) {
    const text = new TextDecoder().decode(await collectBytes(chunks));
    if (isJson(text)) await printJsonText(text, io);
    else await showText([new TextEncoder().encode(text)], io);
    return 0;
  }
  await showText(chunks, io);
  return 0;
}

async function showText(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  io: Io,
): Promise<void> {
  const decoder = new TextDecoder();
  const sanitizer = new TextSanitizer();
  for await (const chunk of chunks) {
    await io.stdout.write(sanitizer.push(decoder.decode(chunk, { stream: true })));
  }
  await io.stdout.write(`${sanitizer.push(decoder.decode())}${sanitizer.end()}\n`);
}
