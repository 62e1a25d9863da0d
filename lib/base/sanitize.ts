/**
 * Characters that must not reach a terminal as they are. Line feed and tab are not among them.
 *
 * C0, DEL and C1 move the cursor, retitle the window or answer queries. Bidi controls, zero-width
 * characters, fillers, invisible operators and tags make text read as what it is not. Line and
 * paragraph separators end a line in some programs and not in others. Lone surrogates are not text.
 */
const UNSAFE =
  // oxlint-disable-next-line no-control-regex, no-misleading-character-class -- they are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e007f}]|\p{Cs}/u;
const EVERY_UNSAFE = new RegExp(UNSAFE, "gu");

/** Says whether `text` holds a character that must not reach a terminal as it is. */
export function hasUnsafe(text: string): boolean {
  return UNSAFE.test(text);
}

/** Returns `text` with every unsafe character replaced by what `write` returns for it. */
export function replaceUnsafe(text: string, write: (character: string) => string): string {
  return UNSAFE.test(text) ? text.replace(EVERY_UNSAFE, write) : text;
}

/**
 * Returns text of many lines made safe for a terminal.
 *
 * CR LF becomes LF. Anything else unsafe becomes a visible escape in ASCII: `\x1b`, `\u202e`,
 * `\u{e0041}`. Backslashes of the text itself are not doubled: this is for reading, not for undoing.
 */
export function sanitizeText(text: string): string {
  if (!UNSAFE.test(text)) return text;
  return text.replaceAll("\r\n", "\n").replace(EVERY_UNSAFE, visibleEscape);
}

/** Returns text made safe for a terminal that also stays on its line: CR and LF are escaped. */
export function sanitizeLine(text: string): string {
  return replaceUnsafe(text, visibleEscape).replaceAll("\n", String.raw`\x0a`);
}

/** Does what sanitizeText does for text that comes in pieces cut anywhere. */
export class TextSanitizer {
  /** A CR, or the first half of a pair: what the next piece begins with decides about it. */
  #held = "";

  /** Returns what is safe of the text so far and has not been returned. */
  push(piece: string): string {
    const text = this.#held + piece;
    this.#held = /[\r\ud800-\udbff]$/.exec(text)?.[0] ?? "";
    return sanitizeText(this.#held === "" ? text : text.slice(0, -1));
  }

  /** Returns the rest when no piece comes any more. */
  end(): string {
    const rest = sanitizeText(this.#held);
    this.#held = "";
    return rest;
  }
}

function visibleEscape(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code <= 0xff) return `\\x${hex.padStart(2, "0")}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, "0")}` : `\\u{${hex}}`;
}
