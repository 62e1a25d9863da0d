import type { Evaluation } from "../evaluation.ts";
import { printf } from "../format.ts";
import { describe } from "../lookup.ts";
import { type Arguments, type Operation, operation } from "../operation.ts";
import { isTrue, newDict, repeatText } from "../operators.ts";
import { capitalized, centered, lined, replaceText, splitWords, stripped } from "../strings.ts";
import { textOf } from "../text.ts";
import { charactersOf, lengthOf } from "../values.ts";
import { wrapLine } from "../wrap.ts";

const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: "\u00a0",
};

type TextRun = (state: Evaluation, text: string, args: Arguments) => unknown;

/** A filter that takes any value by its text form. */
function filter(signature: string, run: TextRun): Operation {
  return operation(signature, (state, value, args) => {
    const result = run(state, textOf(state, value), args);
    if (typeof result === "string") state.chargeText(result.length);
    return result;
  });
}

/** A filter that takes texts only. */
function strict(signature: string, run: TextRun): Operation {
  return operation(signature, (state, value, args) => {
    if (typeof value === "string") return run(state, value, args);
    throw state.typeError(
      `The filter needs a text, not ${describe(value)}`,
      "Put string before it",
    );
  });
}

function titleWords(text: string): string {
  return text
    .split(/([-\s({[<]+)/)
    .map(capitalized)
    .join("");
}

function format(state: Evaluation, text: string, args: Arguments): string {
  if (args.positional.length > 0 && args.named.size > 0)
    throw state.typeError("format takes plain or named values, not both");
  const values = args.named.size > 0 ? newDict(state, args.named) : args.positional;
  return printf(state, text, values, true);
}

function indent(state: Evaluation, text: string, args: Arguments): string {
  const width = args.value(0, 4);
  const indention =
    typeof width === "string" ? width : repeatText(state, " ", Math.max(0, args.integer(0, 4)));
  const isFirst = isTrue(state, args.value(1, false));
  const isBlank = isTrue(state, args.value(2, false));
  const lines = lined(`${text}\n`);
  state.chargeText(text.length + lines.length * indention.length);
  return lines
    .map((line, at) => {
      const isIndented = at === 0 ? isFirst : isBlank || line !== "";
      return isIndented ? indention + line : line;
    })
    .join("\n");
}

function truncate(state: Evaluation, text: string, args: Arguments): string {
  const length = args.integer(0, 255);
  const end = args.text(2, "...");
  const leeway = args.optionalInteger(3) ?? 5;
  const kept = length - lengthOf(end);
  if (kept < 0 || leeway < 0) throw state.typeError("The length is shorter than the end mark");
  const characters = charactersOf(text);
  if (characters.length <= length + leeway) return text;
  const head = characters.slice(0, kept).join("");
  if (isTrue(state, args.value(1, false))) return head + end;
  const space = head.lastIndexOf(" ");
  return (space === -1 ? head : head.slice(0, space)) + end;
}

function stripTags(state: Evaluation, given: string): string {
  const withoutComments = cutBetween(given, "<!--", "-->");
  const text = splitWords(cutBetween(withoutComments, "<", ">"), -1, false).join(" ");
  state.charge(given.length / 16);
  return text.replace(
    /&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]+));/gi,
    (whole, decimal, hex, name) => {
      if (name !== undefined) return ENTITIES[String(name).toLowerCase()] ?? whole;
      const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
      return code > 0x10ffff ? "\ufffd" : String.fromCodePoint(code);
    },
  );
}

/** Returns `text` without what stands between marks, the marks included. */
function cutBetween(text: string, open: string, close: string): string {
  const kept: string[] = [];
  let from = 0;
  for (let start = text.indexOf(open); start !== -1; start = text.indexOf(open, from)) {
    const end = text.indexOf(close, start);
    if (end === -1) break;
    kept.push(text.slice(from, start));
    from = end + close.length;
  }
  return kept.join("") + text.slice(from);
}

function wordWrap(state: Evaluation, text: string, args: Arguments): string {
  const width = args.integer(0, 79);
  if (width < 1) throw state.typeError("The width must be at least 1");
  const breaksLong = isTrue(state, args.value(1, true));
  const breaksHyphens = isTrue(state, args.value(3, true));
  const separator = args.optionalText(2) ?? "\n";
  const lines = lined(text).map((line) => wrapLine(line, { width, breaksLong, breaksHyphens }));
  const count = lines.reduce((sum, parts) => sum + Math.max(1, parts.length), 0);
  state.chargeText(text.length + count * separator.length);
  return lines.map((parts) => parts.join(separator)).join(separator);
}

/** Filters for texts; most take any value by its text form. */
export const TEXT_FILTERS: Readonly<Record<string, Operation>> = {
  capitalize: filter("", (_, text) => capitalized(text)),
  center: filter("width?", (state, text, args) => centered(state, text, args.integer(0, 80))),
  format: filter("* **", format),
  indent: strict("width? first? blank?", indent),
  lower: filter("", (_, text) => text.toLowerCase()),
  replace: filter("old new count?", (state, text, args) =>
    replaceText(
      state,
      text,
      textOf(state, args.value(0)),
      textOf(state, args.value(1)),
      args.optionalInteger(2) ?? -1,
    ),
  ),
  striptags: filter("", stripTags),
  title: filter("", (_, text) => titleWords(text)),
  trim: filter("chars?", (_, text, args) => stripped(text, args.optionalText(0))),
  truncate: strict("length? killwords? end? leeway?", truncate),
  upper: filter("", (_, text) => text.toUpperCase()),
  wordcount: filter("", (_, text) => text.match(/[\p{L}\p{N}_]+/gu)?.length ?? 0),
  wordwrap: strict("width? break_long_words? wrapstring? break_on_hyphens?", wordWrap),
};
