/** Bytes of JSON text, RFC 8259 section 2. */
export const BYTE = {
  quote: 0x22,
  comma: 0x2c,
  colon: 0x3a,
  backslash: 0x5c,
  openArray: 0x5b,
  closeArray: 0x5d,
  openObject: 0x7b,
  closeObject: 0x7d,
} as const;

/** A bracket with this bit is a brace, and no other byte becomes a brace by it. */
export const BRACE = 0x20;

/** What `stringEnd` returns for a string that goes on in the next chunk. */
export const OPEN = -1;
/** The same, when a backslash is the last byte. */
export const OPEN_ESCAPED = -2;

/** Bytes that are looked at one by one before the runtime's own search is called. */
const NEAR_BYTES = 32;

/** Returns the offset behind the quote that ends the string, or OPEN or OPEN_ESCAPED. */
export function stringEnd(bytes: Uint8Array, from: number): number {
  const end = bytes.byteLength;
  let at = from;
  for (;;) {
    // Most strings are short: calling out costs more than looking at their bytes.
    const near = Math.min(end, at + NEAR_BYTES);
    while (at < near) {
      const byte = bytes[at];
      if (byte === BYTE.quote) return at + 1;
      at += byte === BYTE.backslash ? 2 : 1;
    }
    if (at > end) return OPEN_ESCAPED;
    const quote = bytes.indexOf(BYTE.quote, at);
    const isEscaped = endsEscaped(bytes, at, quote < 0 ? end : quote);
    if (quote < 0) return isEscaped ? OPEN_ESCAPED : OPEN;
    if (!isEscaped) return quote + 1;
    at = quote + 1;
  }
}

/** Says whether an odd number of backslashes stands before `end`. */
function endsEscaped(bytes: Uint8Array, from: number, end: number): boolean {
  let at = end;
  while (at > from && bytes[at - 1] === BYTE.backslash) at -= 1;
  return (end - at) % 2 === 1;
}

const WORD = byteSet("0123456789+-.ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
const WORD_START = byteSet("-0123456789tfn");

function byteSet(characters: string): Uint8Array {
  const set = new Uint8Array(256);
  for (const character of characters) set[character.charCodeAt(0)] = 1;
  return set;
}

/** Returns the offset behind the number or literal, the end of the chunk when it may go on. */
export function wordEnd(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.byteLength && WORD[bytes[at] ?? 0] === 1) at += 1;
  return at;
}

/** Says whether a number or literal may begin with `byte`. */
export function startsWord(byte: number): boolean {
  return WORD_START[byte] === 1;
}

/** Returns the offset of the first byte from `from` on that is no white space. */
export function skipBlank(bytes: Uint8Array, from: number): number {
  let at = from;
  for (; at < bytes.byteLength; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) break;
  }
  return at;
}

/** Returns the offset behind the value that begins at `from`, -1 when it does not end in the chunk. */
export function valueEnd(bytes: Uint8Array, from: number): number {
  const first = bytes[from] ?? 0;
  if (first === BYTE.quote) return stringEnd(bytes, from + 1);
  if (first !== BYTE.openArray && first !== BYTE.openObject) {
    const end = startsWord(first) ? wordEnd(bytes, from) : bytes.byteLength;
    return end === bytes.byteLength ? -1 : end;
  }
  const end = bytes.byteLength;
  let depth = 1;
  for (let at = from + 1; at < end;) {
    const byte = bytes[at] ?? 0;
    at += 1;
    if (byte === BYTE.quote) {
      at = stringEnd(bytes, at);
      if (at < 0) return -1;
    } else if (byte >= BYTE.openArray) {
      const bracket = byte | BRACE;
      if (bracket === BYTE.openObject) depth += 1;
      else if (bracket === BYTE.closeObject) {
        depth -= 1;
        if (depth === 0) return at;
      }
    }
  }
  return -1;
}

/** Says whether a JSON text opens more than `limit` levels at once. */
export function nestsDeeper(bytes: Uint8Array, limit: number): boolean {
  let depth = 0;
  for (let at = 0; at < bytes.byteLength;) {
    const byte = bytes[at] ?? 0;
    at += 1;
    if (byte === BYTE.quote) {
      at = stringEnd(bytes, at);
      if (at < 0) return false;
    } else if (byte === BYTE.openArray || byte === BYTE.openObject) {
      depth += 1;
      if (depth > limit) return true;
    } else if (byte === BYTE.closeArray || byte === BYTE.closeObject) depth -= 1;
  }
  return false;
}
