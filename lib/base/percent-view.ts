import { utf8 } from "./bytes.ts";

/** A text with its percent-encoding undone, and where each byte stood. */
export interface PercentView {
  readonly bytes: Uint8Array;
  /** Offset in the text of what each byte was written as; one more for the end. */
  readonly starts: Uint32Array;
}

const ESCAPE = /%[0-9a-f]{2}/i;

/**
 * Returns the text as UTF-8 with each `%XX` as the byte it stands for; undefined when there is none.
 *
 * @param isForm true: `+` is a space, as in application/x-www-form-urlencoded
 */
export function percentView(text: string, isForm: boolean): PercentView | undefined {
  if (!ESCAPE.test(text)) return undefined;
  // A unit of UTF-16 is three bytes of UTF-8 at most.
  const bytes = new Uint8Array(text.length * 3);
  const starts = new Uint32Array(text.length * 3 + 1);
  let size = 0;
  const put = (byte: number, at: number): void => {
    starts[size] = at;
    bytes[size] = byte;
    size += 1;
  };
  for (let at = 0; at < text.length;) {
    const code = text.codePointAt(at) ?? 0;
    const escaped = code === PERCENT ? escapedAt(text, at) : undefined;
    if (escaped !== undefined) {
      put(escaped, at);
      at += 3;
    } else if (code < 0x80) {
      put(isForm && code === PLUS ? SPACE : code, at);
      at += 1;
    } else {
      for (const byte of utf8(String.fromCodePoint(code))) put(byte, at);
      at += code > 0xffff ? 2 : 1;
    }
  }
  starts[size] = text.length;
  return { bytes: bytes.subarray(0, size), starts: starts.subarray(0, size + 1) };
}

const PERCENT = 0x25;
const PLUS = 0x2b;
const SPACE = 0x20;

function escapedAt(text: string, at: number): number | undefined {
  const [high, low] = [digit(text.charCodeAt(at + 1)), digit(text.charCodeAt(at + 2))];
  return high === undefined || low === undefined ? undefined : high * 16 + low;
}

/** Returns the value of a hexadecimal digit. */
function digit(code: number): number | undefined {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : undefined;
}
