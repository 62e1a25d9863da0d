/** Characters of a line that are shown. */
const WIDEST = 100;
/** A URL with a password in it. */
const USERINFO = /\/\/[^/\s"']*@/;
/** A run of letters and digits too long for a name: more likely a part of a secret. */
const SECRET_LIKE = /[\w-]{33,}/;

/** Says whether a line of a file may hold a secret, whatever its keys are called. */
export function isSecretLine(line: string): boolean {
  return USERINFO.test(line) || SECRET_LIKE.test(line);
}

/** Returns line `number` of a text, from 1, without its line break. */
export function lineOf(text: string, number: number): string {
  return (text.split("\n", number)[number - 1] ?? "").replace(/\r$/, "");
}

/** Returns a line of a file behind its number, and a caret under the column; both from 1. */
export function frameOf(
  line: string,
  { number, column }: { readonly number: number; readonly column: number },
): string {
  const end = Math.min(column - 1, line.length);
  const from = Math.max(0, end - WIDEST / 2);
  // Control and formatting characters would move the caret or the terminal.
  const shown = line.slice(from, from + WIDEST).replace(/[^\P{C}\t]/gu, "\ufffd");
  const gutter = String(number);
  // One space for each code point; a tab stays a tab, so that the caret stands below its column.
  const caret = shown.slice(0, end - from).replace(/[^\t]/gu, " ");
  return `${gutter} | ${shown}\n${" ".repeat(gutter.length)} | ${caret}^`;
}
