import type { Evaluation } from "../evaluation.ts";
import { formatFields } from "../format.ts";
import { describe, itemsOf, sliceIndexes } from "../lookup.ts";
import { type Arguments, type Operation, operation } from "../operation.ts";
import { repeatText } from "../operators.ts";
import { isTrue } from "../operators.ts";
import { pairsOf } from "./dicts.ts";
import { charactersOf, isDict, lengthOf } from "../values.ts";
import {
  capitalized,
  centered,
  lined,
  replaceText,
  splitText,
  splitWords,
  stripped,
  swapped,
  titled,
} from "../strings.ts";

type TextRun = (state: Evaluation, self: string, args: Arguments) => unknown;

/** An operation of the table of texts, which is only used for texts. */
function method(signature: string, run: TextRun): Operation {
  return operation(signature, (state, self, args) => {
    const result = run(state, String(self), args);
    if (typeof result === "string") state.chargeText(result.length);
    return result;
  });
}

/** True when the text is not empty and each character passes. */
function everyCharacter(pattern: RegExp): Operation {
  return method("", (_, self) => pattern.test(self));
}

function cased(fold: (text: string) => string): Operation {
  return method("", (_, self) => fold(self) === self && self.toLowerCase() !== self.toUpperCase());
}

type Search = (text: string, wanted: string) => number;
const first: Search = (text, wanted) => text.indexOf(wanted);
const last: Search = (text, wanted) => text.lastIndexOf(wanted);

/** Finds within the part `start`, `end`, and counts in characters. */
function find(search: Search, isRequired: boolean): Operation {
  return method("sub start? end?", (state, self, args) => {
    state.charge(self.length);
    const characters = charactersOf(self);
    const indexes = sliceIndexes(characters.length, [args.integer(1, 0), args.optionalInteger(2)]);
    const start = indexes[0] ?? 0;
    const part = characters.slice(start, start + indexes.length).join("");
    const at = search(part, args.text(0));
    if (at !== -1) return start + lengthOf(part.slice(0, at));
    if (isRequired) throw state.typeError("The text does not contain it", "Test with in first");
    return -1;
  });
}

/** `startswith` and `endswith` take one text or several. */
function edge(matches: (text: string, part: string) => boolean): Operation {
  return method("part", (state, self, args) => {
    const given = args.value(0);
    const parts = Array.isArray(given) ? itemsOf(state, given) : [given];
    return parts.some((part) => {
      if (typeof part === "string") return matches(self, part);
      throw state.typeError(`The argument must be a text, not ${describe(part)}`);
    });
  });
}

function filled(align: "left" | "right" | "center"): Operation {
  return method("width fillchar?", (state, self, args) => {
    const missing = Math.max(0, args.integer(0) - lengthOf(self));
    const fill = args.text(1, " ");
    if (lengthOf(fill) !== 1) throw state.typeError("The fill must be one character");
    if (align === "center") return centered(state, self, args.integer(0), fill);
    const more = repeatText(state, fill, missing);
    return align === "left" ? self + more : more + self;
  });
}

function trimmed(sides: { readonly isLeft: boolean; readonly isRight: boolean }): Operation {
  return method("chars?", (_, self, args) => stripped(self, args.optionalText(0), sides));
}

function split(isFromRight: boolean): Operation {
  return method("sep? maxsplit?", (state, self, args) => {
    state.charge(self.length / 4);
    const separator = args.optionalText(0);
    const limit = args.integer(1, -1);
    if (separator === "") throw state.typeError("The separator is empty", "Use the filter list");
    const parts =
      separator === undefined
        ? splitWords(self, limit, isFromRight)
        : splitText(self, separator, limit, isFromRight);
    state.chargeList(parts.length);
    return state.own([...parts]);
  });
}

function partition(search: Search, isRight: boolean): Operation {
  return method("sep", (state, self, args) => {
    const separator = args.text(0);
    const at = search(self, separator);
    const nothing = isRight ? ["", "", self] : [self, "", ""];
    const parts = [self.slice(0, at), separator, self.slice(at + separator.length)];
    return state.own(at === -1 ? nothing : parts);
  });
}

function count(state: Evaluation, self: string, args: Arguments): number {
  const wanted = args.text(0);
  state.charge(self.length / 16);
  return wanted === "" ? lengthOf(self) + 1 : self.split(wanted).length - 1;
}

function joinAll(state: Evaluation, self: string, args: Arguments): string {
  let text = "";
  itemsOf(state, args.value(0)).forEach((item, at) => {
    if (typeof item !== "string")
      throw state.typeError(`join needs texts, not ${describe(item)}`, "Use the filter join");
    text += at === 0 ? item : self + item;
    state.chargeText(text.length);
  });
  return text;
}

function zeroFilled(state: Evaluation, self: string, args: Arguments): string {
  const zeros = repeatText(state, "0", Math.max(0, args.integer(0) - lengthOf(self)));
  const sign = /^[-+]/.exec(self)?.[0] ?? "";
  return sign + zeros + self.slice(sign.length);
}

function expandTabs(state: Evaluation, self: string, args: Arguments): string {
  const size = Math.max(0, args.integer(0, 8));
  state.chargeText(self.length + (self.split("\t").length - 1) * size);
  let column = 0;
  let text = "";
  for (const character of charactersOf(self)) {
    const width = size === 0 ? 0 : size - (column % size);
    text += character === "\t" ? " ".repeat(width) : character;
    if (character === "\n" || character === "\r") column = 0;
    else column += character === "\t" ? width : 1;
  }
  return text;
}

function formatMap(state: Evaluation, self: string, args: Arguments): string {
  const dict = args.value(0);
  if (!isDict(dict)) throw state.typeError(`format_map needs a map, not ${describe(dict)}`);
  return formatFields(state, self, [], new Map(pairsOf(state, dict)));
}

/** The methods of texts, as Python has them; positions and widths count characters. */
export const STRING_METHODS: Readonly<Record<string, Operation>> = {
  capitalize: method("", (_, self) => capitalized(self)),
  casefold: method("", (_, self) => self.toLowerCase().replaceAll("ß", "ss")),
  center: filled("center"),
  count: method("sub", count),
  endswith: edge((text, part) => text.endsWith(part)),
  expandtabs: method("tabsize?", expandTabs),
  find: find(first, false),
  format: method("* **", (state, self, args) =>
    formatFields(state, self, args.positional, args.named),
  ),
  format_map: method("mapping", formatMap),
  index: find(first, true),
  isalnum: everyCharacter(/^[\p{L}\p{N}]+$/u),
  isalpha: everyCharacter(/^\p{L}+$/u),
  isascii: method("", (_, self) => /^\p{ASCII}*$/u.test(self)),
  isdecimal: everyCharacter(/^\p{Nd}+$/u),
  isdigit: everyCharacter(/^[\p{Nd}²³¹⁰⁴-⁹₀-₉]+$/u),
  isidentifier: everyCharacter(/^[\p{ID_Start}_][\p{ID_Continue}]*$/u),
  islower: cased((text) => text.toLowerCase()),
  isnumeric: everyCharacter(/^\p{N}+$/u),
  isprintable: method("", (_, self) => /^[^\p{C}\p{Z}]*$/u.test(self.replaceAll(" ", ""))),
  isspace: everyCharacter(/^\s+$/u),
  istitle: method("", (_, self) => /\p{L}/u.test(self) && titled(self) === self),
  isupper: cased((text) => text.toUpperCase()),
  join: method("items", joinAll),
  ljust: filled("left"),
  lower: method("", (_, self) => self.toLowerCase()),
  lstrip: trimmed({ isLeft: true, isRight: false }),
  partition: partition(first, false),
  removeprefix: method("prefix", (_, self, args) =>
    self.startsWith(args.text(0)) ? self.slice(args.text(0).length) : self,
  ),
  removesuffix: method("suffix", (_, self, args) =>
    self.endsWith(args.text(0)) ? self.slice(0, self.length - args.text(0).length) : self,
  ),
  replace: method("old new count?", (state, self, args) =>
    replaceText(state, self, args.text(0), args.text(1), args.integer(2, -1)),
  ),
  rfind: find(last, false),
  rindex: find(last, true),
  rjust: filled("right"),
  rpartition: partition(last, true),
  rsplit: split(true),
  rstrip: trimmed({ isLeft: false, isRight: true }),
  split: split(false),
  splitlines: method("keepends?", (state, self, args) =>
    state.own([...lined(self, isTrue(state, args.value(0, false)))]),
  ),
  startswith: edge((text, part) => text.startsWith(part)),
  strip: trimmed({ isLeft: true, isRight: true }),
  swapcase: method("", (_, self) => swapped(self)),
  title: method("", (_, self) => titled(self)),
  upper: method("", (_, self) => self.toUpperCase()),
  zfill: method("width", zeroFilled),
};
