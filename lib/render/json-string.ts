import { hasUnsafe, replaceUnsafe } from "../base/sanitize.ts";

/** A pair of surrogates, one code unit, or a short escape. */
const ESCAPES =
  /\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\[^u]/g;

/** Letters, marks, digits, punctuation, symbols and the space: what can be seen and told apart. */
const VISIBLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

/**
 * Returns a JSON string, quotes included, as it can be shown on a terminal and copied from it.
 *
 * The result means the same string. A character that must not reach a terminal becomes its `\u`
 * escape. With `isUnescaped`, the escape of a visible character becomes the character, as in HTTPie;
 * quote, backslash, line breaks, blanks other than the space, and unassigned or private characters
 * stay escaped.
 *
 * @param text a string token that the tokenizer has checked
 */
export function showString(text: string, isUnescaped: boolean): string {
  const safe = replaceUnsafe(text, escapeCharacter);
  return isUnescaped && safe.includes("\\") ? safe.replace(ESCAPES, showEscape) : safe;
}

function escapeCharacter(character: string): string {
  const escaped = escapeUnit(character.charCodeAt(0));
  return character.length === 1 ? escaped : escaped + escapeUnit(character.charCodeAt(1));
}

function escapeUnit(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, "0")}`;
}

function showEscape(escape: string): string {
  if (escape === String.raw`\/`) return "/";
  if (!escape.startsWith(String.raw`\u`)) return escape;
  const units = escape.split(String.raw`\u`).slice(1);
  const character = String.fromCharCode(...units.map((unit) => Number.parseInt(unit, 16)));
  if (character === '"' || character === "\\") return escape;
  return VISIBLE.test(character) && !hasUnsafe(character) ? character : escape;
}
