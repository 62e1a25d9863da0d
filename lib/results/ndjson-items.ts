import { messageOf, WeirError } from "../base/errors.ts";
import { JSON_DEPTH_LIMIT, parseJson } from "../base/json-tree.ts";
import { ITEM_CAP_BYTES, itemTooLarge, notUtf8 } from "./item-problem.ts";
import { nestsDeeper } from "./json-bytes.ts";
import { type Line, linesOf } from "./lines.ts";

/**
 * Yields the value of each line of NDJSON; blank lines are passed over.
 *
 * @throws {WeirError} DATA_BAD_JSON with line and column, DATA_NOT_UTF8, BODY_TOO_LARGE
 */
export async function* ndjsonItems(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for await (const line of linesOf(chunks, ITEM_CAP_BYTES, lineTooLong)) {
    const text = textOf(line, decoder);
    if (text.trim() !== "") yield valueOf(text, line);
  }
}

function lineTooLong(line: number): never {
  throw itemTooLarge(`Line ${line} is larger than ${ITEM_CAP_BYTES} bytes`, { line });
}

function textOf({ bytes, number }: Line, decoder: TextDecoder): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw notUtf8(number);
  }
}

function valueOf(text: string, { bytes, number }: Line): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw badLine(text, number, error);
  }
  // Each level takes two bytes.
  if (bytes.byteLength > 2 * JSON_DEPTH_LIMIT && nestsDeeper(bytes, JSON_DEPTH_LIMIT)) {
    throw badLine(text, number, new Error(`it nests deeper than ${JSON_DEPTH_LIMIT} levels`));
  }
  return value;
}

/** The runtime's own parser is fast and says nothing of the place; weir's own finds it. */
function badLine(text: string, line: number, error: unknown): WeirError {
  const { column, reason } = placeOf(text) ?? { column: 1, reason: messageOf(error) };
  return new WeirError(
    "DATA_BAD_JSON",
    `Not valid JSON at line ${line}, column ${column}: ${reason}`,
    {
      hint: "Each line of NDJSON is one JSON value",
      details: { line, column, reason },
      cause: error,
    },
  );
}

function placeOf(text: string): { readonly column: number; readonly reason: string } | undefined {
  try {
    parseJson(text);
  } catch (error) {
    const { column, reason } = error instanceof WeirError ? error.details : {};
    if (typeof column === "number" && typeof reason === "string") return { column, reason };
  }
  return undefined;
}
