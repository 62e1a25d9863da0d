import type { Evaluation } from "./evaluation.ts";
import { charactersOf, lengthOf } from "./values.ts";

/** Ends of lines as Python's splitlines knows them, without the separators of ASCII. */
const LINE_END = /\r\n|[\n\r\v\f\u0085\u2028\u2029]/g;

/** Returns `text` with a capital first and the rest small. */
export function capitalized(text: string): string {
  const [first = ""] = charactersOf(text.slice(0, 2));
  return first.toUpperCase() + text.slice(first.length).toLowerCase();
}

/** Returns `text` with each run of letters capitalized, as str.title does. */
export function titled(text: string): string {
  return text.replace(/\p{L}+/gu, capitalized);
}

/** Returns `text` with small letters large and large ones small. */
export function swapped(text: string): string {
  return text.replace(/\p{L}/gu, (letter) =>
    letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase(),
  );
}

/** Returns `text` in the middle of `width` characters; the odd space goes where Python puts it. */
export function centered(state: Evaluation, text: string, width: number, fill = " "): string {
  const missing = Math.max(0, width - lengthOf(text));
  state.chargeText(text.length + missing);
  const left = Math.floor(missing / 2) + (missing & width & 1);
  return fill.repeat(left) + text + fill.repeat(missing - left);
}

/** Returns `text` without `characters`, or without white space, at its ends. */
export function stripped(
  text: string,
  characters: string | undefined,
  sides: { readonly isLeft: boolean; readonly isRight: boolean } = { isLeft: true, isRight: true },
): string {
  if (characters === undefined) {
    const left = sides.isLeft ? text.trimStart() : text;
    return sides.isRight ? left.trimEnd() : left;
  }
  const set = new Set(charactersOf(characters));
  const all = charactersOf(text);
  let from = 0;
  let to = all.length;
  while (sides.isLeft && from < to && set.has(all[from] ?? "")) from += 1;
  while (sides.isRight && to > from && set.has(all[to - 1] ?? "")) to -= 1;
  return all.slice(from, to).join("");
}

/** Returns `text` with at most `count` places of `old` replaced; a negative count is all. */
export function replaceText(
  state: Evaluation,
  text: string,
  old: string,
  fresh: string,
  count: number,
): string {
  if (count === 0) return text;
  const parts = old === "" ? ["", ...charactersOf(text), ""] : splitText(text, old, count, false);
  const places = count < 0 ? parts.length - 1 : Math.min(count, parts.length - 1);
  state.chargeText(text.length + places * fresh.length);
  if (old !== "") return parts.join(fresh);
  return parts.map((part, at) => (at < places ? part + fresh : part)).join("");
}

/** Returns the parts between `separator`, split at most `limit` times; a negative limit is all. */
export function splitText(
  text: string,
  separator: string,
  limit: number,
  isFromRight: boolean,
): readonly string[] {
  const parts = text.split(separator);
  if (limit < 0 || parts.length <= limit + 1) return parts;
  if (isFromRight) {
    const head = parts.slice(0, parts.length - limit).join(separator);
    return [head, ...parts.slice(parts.length - limit)];
  }
  return [...parts.slice(0, limit), parts.slice(limit).join(separator)];
}

/** Returns the words between white space, split at most `limit` times; a negative limit is all. */
export function splitWords(text: string, limit: number, isFromRight: boolean): readonly string[] {
  const words = [...text.matchAll(/\S+/g)];
  const found = words.map(([word]) => word);
  if (limit < 0 || words.length <= limit) return found;
  if (isFromRight) {
    const kept = words.slice(words.length - limit);
    const head = text.slice(0, kept[0]?.index ?? text.length).trimEnd();
    return [...(head === "" ? [] : [head]), ...kept.map(([word]) => word)];
  }
  const rest = text.slice(words[limit]?.index ?? text.length).trimStart();
  return [...found.slice(0, limit), ...(rest === "" ? [] : [rest])];
}

/** Returns the lines of `text`; an end of line at its end starts no further one. */
export function lined(text: string, keepsEnds = false): readonly string[] {
  const lines: string[] = [];
  let from = 0;
  for (const match of text.matchAll(LINE_END)) {
    const end = match.index + match[0].length;
    lines.push(text.slice(from, keepsEnds ? end : match.index));
    from = end;
  }
  if (from < text.length) lines.push(text.slice(from));
  return lines;
}
