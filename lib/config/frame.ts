import { frameOf, isSecretLine, lineOf } from "../base/frame.ts";
import type { KeyPath, Place } from "./locate.ts";

/** Names whose values may be secrets; a false alarm costs a line of an error, a miss a secret. */
const SENSITIVE = /token|secret|pass|credential|auth|cookie|key|header|query|claims/i;
/** A URL or proxy with a password in it; a proxy may be written without a scheme. */
const USERINFO = /\/\/[^/\s"']*@|:[^\s"'@]+@/;

/** Says whether the value of `path` may be a secret, judged by the words in it. */
export function isSensitive(path: KeyPath): boolean {
  return path.some((part) => typeof part === "string" && SENSITIVE.test(part));
}

/** Text that may be a secret becomes an ellipsis, from the value on or as a whole. */
function masked(line: string): string {
  const equals = line.indexOf("=");
  const before = equals === -1 ? "" : line.slice(0, equals + 1);
  // A line inside a long string may hold "=" too, but then no key stands before it.
  return /^\s*[\w.'"\s-]+=$/.test(before) && !isSecretLine(before) ? `${before} …` : "…";
}

/**
 * Returns line `place` of `source` with a caret under the column.
 *
 * The value of a key whose name sounds secret is left out, so that an error can be shown anywhere;
 * so is a line that has such a word, because an inline table holds other keys beside the wrong one.
 */
export function drawFrame(source: string, place: Place, path: KeyPath): string {
  const whole = lineOf(source, place.line);
  const hides = isSensitive([...path, whole]) || USERINFO.test(whole);
  return frameOf(hides ? masked(whole) : whole, { number: place.line, column: place.column });
}
