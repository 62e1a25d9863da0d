import { type ErrorCode, WeirError } from "../base/errors.ts";
import { frameOf, isSecretLine } from "../base/frame.ts";

/** Codes a template can fail with. */
export type TemplateErrorCode = Extract<ErrorCode, `TEMPLATE_${string}`>;

/** Where a template stands: its text, and the file and position its first character has there. */
export interface TemplateSource {
  readonly text: string;
  /** File or key shown in errors, such as `run.yaml` or `url`. */
  readonly name?: string | undefined;
  /** Line of the first character in the file, from 1. Default 1. */
  readonly line?: number | undefined;
  /** Column of the first character in its line, from 1. Default 1. */
  readonly column?: number | undefined;
  /** Columns the file has before each further line, as a YAML block has. Default 0. */
  readonly indent?: number | undefined;
  /** Finds the place of an offset, where the text is not as the file has it: escapes, folded lines. */
  readonly at?: ((offset: number) => TemplatePlace) | undefined;
}

/** A line and a column, both from 1. */
export interface TemplatePlace {
  readonly line: number;
  readonly column: number;
}

function lineStart(text: string, offset: number): number {
  return text.lastIndexOf("\n", offset - 1) + 1;
}

/** Returns the place of `offset` in the file the template was read from. */
export function placeOf(source: TemplateSource, offset: number): TemplatePlace {
  if (source.at !== undefined) return source.at(offset);
  const before = source.text.slice(0, offset);
  const row = before.split("\n").length - 1;
  const within = offset - (offset === 0 ? 0 : lineStart(source.text, offset));
  const base = row === 0 ? (source.column ?? 1) : 1 + (source.indent ?? 0);
  return { line: (source.line ?? 1) + row, column: base + within };
}

/** Returns the line of the template with a caret under `offset`; a line like a secret is left out. */
function drawFrame(source: TemplateSource, offset: number): string {
  const start = offset === 0 ? 0 : lineStart(source.text, offset);
  const [line = ""] = source.text.slice(start, start + 10_000).split(/\r?\n/, 1);
  const isHidden = isSecretLine(line);
  const number = placeOf(source, offset).line;
  return frameOf(isHidden ? "…" : line, { number, column: isHidden ? 1 : offset - start + 1 });
}

/**
 * Returns the error of a template, with name, line, column and a frame in its details.
 *
 * @param offset where in the template's text, in UTF-16 units
 */
export function templateError(
  code: TemplateErrorCode,
  source: TemplateSource,
  offset: number,
  words: { readonly message: string; readonly hint: string; readonly path?: string | undefined },
): WeirError {
  return new WeirError(code, words.message, {
    hint: words.hint,
    details: {
      ...(source.name === undefined ? {} : { name: source.name }),
      ...placeOf(source, offset),
      ...(words.path === undefined ? {} : { path: words.path }),
      frame: drawFrame(source, offset),
    },
  });
}
