import type { Scalar } from "yaml";
import type { TemplateOptions } from "../template/render.ts";
import type { Place } from "./source.ts";

/**
 * Returns where the value of a scalar begins and how its further lines are indented.
 *
 * @param placeAt place of an offset of the file
 */
export function scalarStart(
  scalar: Scalar,
  text: string,
  placeAt: (offset: number) => Place,
): TemplateOptions {
  const start = scalar.range?.[0] ?? 0;
  const isBlock = scalar.type === "BLOCK_LITERAL" || scalar.type === "BLOCK_FOLDED";
  if (isBlock) return blockStart(text, start, placeAt);
  const isQuoted = scalar.type === "QUOTE_DOUBLE" || scalar.type === "QUOTE_SINGLE";
  return placeAt(isQuoted ? start + 1 : start);
}

/** The value of a block begins on the line after its header, behind the indentation. */
function blockStart(
  text: string,
  start: number,
  placeAt: (offset: number) => Place,
): TemplateOptions {
  const end = text.indexOf("\n", start);
  const first = end === -1 ? text.length : end + 1;
  const rest = text.slice(first);
  const indent = /^(?:[ \t]*\r?\n)*( *)/.exec(rest)?.[1]?.length ?? 0;
  const { line } = placeAt(first);
  return { line, column: 1 + indent, indent };
}
