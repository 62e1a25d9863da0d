import type { Place } from "./source.ts";

const WIDEST = 100;
/** A URL with a password in it. */
const USERINFO = /\/\/[^/\s"']*@/;
/** A run of letters and digits too long for a name: more likely a part of a secret. */
const SECRET_LIKE = /[\w-]{33,}/;
/** A key whose value is a secret when it is written down instead of a template. */
const SECRET_KEY =
  /^(.*?(?:pass|secret|token|authorization|cookie|api[_-]?key)[\w"'-]*\s*:\s)\s*\S/i;

/** Text that may be a secret becomes an ellipsis, from the value on or as a whole. */
function masked(line: string): string {
  if (USERINFO.test(line) || SECRET_LIKE.test(line)) return "…";
  const [, key] = SECRET_KEY.exec(line) ?? [];
  const value = line.slice(key?.length ?? 0);
  return key === undefined || value.includes("{{") ? line : `${key}…`;
}

/** Returns the line of `place` with a caret under its column; what may be a secret is left out. */
export function drawFrame(text: string, place: Place): string {
  const whole = (text.split("\n", place.line)[place.line - 1] ?? "").replace(/\r$/, "");
  const line = masked(whole);
  const column = Math.min(place.column - 1, line.length);
  const from = Math.max(0, column - WIDEST / 2);
  // Control and formatting characters would move the caret or the terminal.
  const shown = line.slice(from, from + WIDEST).replace(/[^\P{C}\t]/gu, "\ufffd");
  const gutter = String(place.line);
  const caret = shown.slice(0, column - from).replace(/[^\t]/gu, " ");
  return `${gutter} | ${shown}\n${" ".repeat(gutter.length)} | ${caret}^`;
}
