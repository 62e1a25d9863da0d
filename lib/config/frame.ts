import type { KeyPath, Place } from "./locate.ts";

/** Names whose values may be secrets; a false alarm costs a line of an error, a miss a secret. */
const SENSITIVE = /token|secret|pass|credential|auth|cookie|key|header|query|claims/i;
/** A URL or proxy with a password in it; a proxy may be written without a scheme. */
const USERINFO = /\/\/[^/\s"']*@|:[^\s"'@]+@/;
const WIDEST = 100;

/** Says whether the value of `path` may be a secret, judged by the words in it. */
export function isSensitive(path: KeyPath): boolean {
  return path.some((part) => typeof part === "string" && SENSITIVE.test(part));
}

/** Text that may be a secret becomes an ellipsis, from the value on or as a whole. */
function masked(line: string): string {
  const equals = line.indexOf("=");
  const before = equals === -1 ? "" : line.slice(0, equals + 1);
  // A line inside a long string may hold "=" too, but then no key stands before it.
  return /^\s*[\w.'"\s-]+=$/.test(before) && !SECRET_LIKE.test(before) ? `${before} …` : "…";
}

/** A run of letters and digits too long for a name: more likely a part of a secret. */
const SECRET_LIKE = /[\w-]{33,}/;

/**
 * Returns line `place` of `source` with a caret under the column.
 *
 * The value of a key whose name sounds secret is left out, so that an error can be shown anywhere;
 * so is a line that has such a word, because an inline table holds other keys beside the wrong one.
 */
export function drawFrame(source: string, place: Place, path: KeyPath): string {
  const whole = (source.split("\n", place.line)[place.line - 1] ?? "").replace(/\r$/, "");
  const hides = isSensitive([...path, whole]) || USERINFO.test(whole);
  const line = hides ? masked(whole) : whole;
  const column = Math.min(place.column - 1, line.length);
  const from = Math.max(0, column - WIDEST / 2);
  // Control and formatting characters would move the caret or the terminal.
  const shown = line.slice(from, from + WIDEST).replace(/[^\P{C}\t]/gu, "\ufffd");
  const gutter = String(place.line);
  // One space for each code point; a tab stays a tab, so that the caret stands below its column.
  const caret = shown.slice(0, column - from).replace(/[^\t]/gu, " ");
  return `${gutter} | ${shown}\n${" ".repeat(gutter.length)} | ${caret}^`;
}
