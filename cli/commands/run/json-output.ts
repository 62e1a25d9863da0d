import { tokenizeJson } from "../../../lib/base/json-tokens.ts";
import { painterOf, plainPainter } from "../../../lib/render/color.ts";
import { indentedGaps, printTokens } from "../../../lib/render/json-print.ts";
import { DEFAULT_FORMAT_OPTIONS } from "../../../lib/render/pretty.ts";
import type { Io } from "../../io.ts";

/**
 * Writes a value as JSON to standard output: laid out on a terminal, on one line in a pipe.
 *
 * @throws {WeirError} IO_WRITE
 */
export async function printJson(value: unknown, io: Io): Promise<void> {
  await printJsonText(JSON.stringify(value ?? null), io);
}

/** Writes a JSON text, as printJson does; it has to be one. */
export async function printJsonText(text: string, io: Io): Promise<void> {
  if (!io.isStdoutTerminal) {
    await io.stdout.write(`${text}\n`);
    return;
  }
  const { indent, isUnescaped } = DEFAULT_FORMAT_OPTIONS.json;
  const pieces = printTokens(tokenizeJson(text), {
    gaps: indentedGaps(indent),
    painter: io.isStdoutColoured ? painterOf("auto") : plainPainter,
    isUnescaped,
  });
  for (const piece of pieces) await io.stdout.write(piece);
  await io.stdout.write("\n");
}
