import { tokenizeJson } from "../base/json-tokens.ts";
import { type BodyFormat, type FormatContext, longestLayout } from "./format.ts";
import { isJson } from "./json-grammar.ts";
import { type Gaps, indentedGaps, noGaps, printTokens, writtenGaps } from "./json-print.ts";
import { sortedTokens } from "./json-sort.ts";
import { isJsonLinesType, isJsonType } from "./media-type.ts";

/** JSON by its media type; a prefix against script inclusion stays in front of it. */
export const jsonFormat: BodyFormat = {
  name: "json",
  takes: "either",
  matches: isJsonType,
  format: (text, context) => formatJson(text, context) ?? formatGuarded(text, context),
};

/** JSON sent as plain text, as script, or without a type. */
export const jsonLikeFormat: BodyFormat = {
  name: "json-like",
  // A live text may be no JSON at all and come a word at a time: it is not held for its line end.
  takes: "body",
  matches: (type) =>
    /^$|^text\/plain$|^(?:text|application)\/(?:x-)?(?:java|ecma)script$/.test(type),
  format: (text, context) => (/^\s*[{[]/.test(text) ? formatJson(text, context) : undefined),
};

/** One JSON text a line: each stays on its line. */
export const jsonLinesFormat: BodyFormat = {
  name: "json-lines",
  takes: "line",
  matches: isJsonLinesType,
  format: (text, context) => (isLaidOut(context) ? compact(text, context) : paint(text, context)),
};

function isLaidOut({ isFormatted, options }: FormatContext): boolean {
  return isFormatted && options.json.isFormatted;
}

/** Reprints JSON token by token: order of keys, text of numbers and duplicates stay. */
function formatJson(text: string, context: FormatContext): Iterable<string> | undefined {
  return isLaidOut(context) ? indent(text, context) : paint(text, context);
}

/** What servers put before JSON so that it cannot be included as a script: `)]}',`, `for(;;);` … */
const GUARD_PREFIX = /^[^{["]{1,64}(?=[{["])/;

function formatGuarded(text: string, context: FormatContext): Iterable<string> | undefined {
  const prefix = GUARD_PREFIX.exec(text)?.[0] ?? "";
  const rest = prefix === "" ? undefined : formatJson(text.slice(prefix.length), context);
  return rest === undefined ? undefined : withPrefix(context.clean(prefix), rest);
}

function* withPrefix(prefix: string, rest: Iterable<string>): Generator<string> {
  yield prefix;
  yield* rest;
}

function indent(text: string, context: FormatContext): Iterable<string> | undefined {
  const spaces = context.options.json.indent;
  if (!isJson(text, { indent: spaces, longest: longestLayout(text.length) })) return undefined;
  return reprint(text, context, indentedGaps(spaces));
}

function compact(text: string, context: FormatContext): Iterable<string> | undefined {
  return isJson(text) ? reprint(text, context, noGaps) : undefined;
}

function* reprint(
  text: string,
  { options, painter }: FormatContext,
  gaps: Gaps,
): Generator<string> {
  const { isSorted, isUnescaped } = options.json;
  const tokens = tokenizeJson(text);
  yield* printTokens(isSorted ? sortedTokens(tokens) : tokens, { gaps, painter, isUnescaped });
  // The last line of a file keeps its end, so that formatting twice changes nothing.
  if (text.endsWith("\n")) yield "\n";
}

/** Adds colour and changes nothing but what must not reach a terminal. */
function paint(text: string, { painter }: FormatContext): Iterable<string> | undefined {
  if (!isJson(text)) return undefined;
  const options = { gaps: writtenGaps(text), painter, isUnescaped: false };
  return printTokens(tokenizeJson(text), options);
}
