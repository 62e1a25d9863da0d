import { dress } from "../../../lib/exchange/dress.ts";
import { prepare } from "../../../lib/exchange/prepare.ts";
import type { Exchange } from "../../../lib/http/exchange.ts";
import { type OutputPiece, renderExchange, renderOffline } from "../../../lib/render/write.ts";
import { parsePrint } from "../../../lib/render/print.ts";
import { MemoryJar } from "../../../lib/session/jar.ts";
import { utf8 } from "../../../lib/base/bytes.ts";
import type { Io } from "../../io.ts";
import { openFile, partialFile } from "./file.ts";
import { renderOptions } from "./output.ts";
import type { TypedRequest } from "./read.ts";

/** Flags that name the parts to print. */
const PART_FLAGS = ["print", "headers", "body", "meta", "verbose"] as const;

/** Prints an exchange to standard output or to the file of `--output`. */
export async function showExchange(
  exchange: Exchange,
  request: TypedRequest,
  io: Io,
): Promise<void> {
  const options = renderOptions(request.flags, outputFacts(request, io));
  const startedMs = io.runtime.clock.monotonicMs() - exchange.elapsedMs;
  const pieces = renderExchange(exchange, {
    ...options,
    mask: request.mask,
    warn: (text) => void io.warn(text),
    elapsedMs: () => io.runtime.clock.monotonicMs() - startedMs,
  });
  await writePieces(pieces, request, io);
}

/**
 * Prints to standard error what was asked for beside a body that is saved: the heads before it, the
 * metadata after it. Nothing when no flag names a part.
 */
export async function showBeside(
  exchange: Exchange,
  request: TypedRequest,
  io: Io,
  when: "before" | "after",
): Promise<void> {
  const { flags } = request;
  if (!PART_FLAGS.some((name) => flags.isGiven(name))) return;
  const { stderr, isStderrColoured } = io;
  const facts = { isTerminal: stderr.isTerminal(), isColoured: isStderrColoured };
  const options = renderOptions(flags, facts);
  const print =
    when === "before"
      ? { ...options.print, showResponseBody: false, showMeta: false }
      : { ...parsePrint(""), showMeta: options.print.showMeta };
  const pieces = renderExchange(exchange, { ...options, print, mask: request.mask });
  for await (const piece of pieces) if (piece.length > 0) await stderr.write(piece);
}

/** Prints the request as it would be sent. */
export async function showOffline(request: TypedRequest, io: Io): Promise<void> {
  const prepared = prepare(request.draft);
  const dressed = await dress(
    prepared,
    { ...prepared, hop: 0 },
    { jar: new MemoryJar(), credentials: request.credentials },
  );
  const options = renderOptions(request.flags, outputFacts(request, io));
  await writePieces(renderOffline(dressed, { ...options, mask: request.mask }), request, io);
}

function outputFacts({ flags }: TypedRequest, io: Io) {
  const isFile = flags.text("output") !== undefined;
  return {
    isTerminal: !isFile && io.isStdoutTerminal,
    isColoured: !isFile && io.isStdoutColoured,
  };
}

async function writePieces(
  pieces: AsyncIterable<OutputPiece>,
  { flags }: TypedRequest,
  io: Io,
): Promise<void> {
  const path = flags.text("output");
  if (path === undefined) {
    for await (const piece of pieces) if (piece.length > 0) await io.stdout.write(piece);
    return;
  }
  const file = await openFile(io.runtime.files, path, "truncate");
  let doneBytes = 0;
  try {
    for await (const piece of pieces) {
      const bytes = typeof piece === "string" ? utf8(piece) : piece;
      await file.write(bytes);
      doneBytes += bytes.byteLength;
    }
  } catch (error) {
    throw partialFile(error, path, doneBytes);
  } finally {
    await file.close();
  }
}
