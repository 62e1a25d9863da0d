import { utf8 } from "./bytes.ts";

/** Bytes that common percent-encoders leave alone, and what they make of a space. */
const PERCENT_STYLES: readonly { readonly kept: RegExp; readonly space: string }[] = [
  // encodeURIComponent
  { kept: /[\w.!~*'()-]/, space: "%20" },
  // RFC 3986 unreserved
  { kept: /[\w.~-]/, space: "%20" },
  // the same with slashes, for a whole path
  { kept: /[\w.~/-]/, space: "%20" },
  // application/x-www-form-urlencoded of the URL standard, and of other languages
  { kept: /[\w.*-]/, space: "+" },
  { kept: /[\w.~-]/, space: "+" },
  // encodeURI
  { kept: /[\w.!~*'()$&+,;=:@/?#-]/, space: "%20" },
  // userinfo, path (with and without "^"), query and query of http as the URL standard has them
  { kept: /[\w.!~*'()$&+,%-]/, space: "%20" },
  { kept: /[\w.!~*'()$&+,%;=:@/[\]|\\-]/, space: "%20" },
  { kept: /[\w.!~*'()$&+,%;=:@/[\]|\\^-]/, space: "%20" },
  { kept: /[\w.!~*'()$&+,%;=:@/[\]|\\^?`{}-]/, space: "%20" },
  { kept: /[\w.!~*()$&+,%;=:@/[\]|\\^?`{}-]/, space: "%20" },
];

/** A text that no encoder but the most eager one changes. */
const PLAIN = /^[\w-]*$/;

/** How quotes are written in HTML; the other three characters have one common name each. */
const HTML_QUOTES: readonly { readonly double: string; readonly single: string }[] = [
  { double: '"', single: "'" },
  { double: "&quot;", single: "'" },
  { double: "&quot;", single: "&#39;" },
  { double: "&quot;", single: "&#x27;" },
  { double: "&quot;", single: "&apos;" },
  { double: "&#34;", single: "&#39;" },
];

/**
 * Returns the ways `value` may be written in a text that leaves weir, itself included.
 *
 * Base64 in its three alignments, base64url, hex, percent-encoded in part or whole, JSON-escaped,
 * HTML-escaped, and the base64 forms escaped once more. Without repeats; the characters at the edge of an unaligned
 * base64 form, which hold bits of the neighbours too, are not part of it.
 */
export function secretForms(value: string): readonly string[] {
  const forms = new Set<string>();
  // A header value loses the white space around it on its way.
  for (const text of new Set([value, value.trim()])) {
    const bytes = utf8(text);
    const hex = bytes.toHex();
    for (const digits of [hex, hex.toUpperCase()]) {
      forms.add(digits);
      forms.add(digits.replace(/../g, "%$&"));
    }
    for (const plain of [text, ...base64Forms(bytes)]) {
      for (const form of escapedForms(plain)) forms.add(form);
    }
  }
  forms.delete("");
  return [...forms];
}

/** Returns what of `bytes` is the same in every base64 text that contains them, by alignment. */
function base64Forms(bytes: Uint8Array): readonly string[] {
  const forms: string[] = [];
  for (const alphabet of ["base64", "base64url"] as const) {
    const whole = bytes.toBase64({ alphabet });
    forms.push(whole, whole.replace(/=+$/, ""));
    for (const shift of [0, 1, 2]) {
      const shifted = new Uint8Array(shift + bytes.byteLength);
      shifted.set(bytes, shift);
      const begin = Math.ceil((shift * 8) / 6);
      const end = Math.floor((shifted.byteLength * 8) / 6);
      forms.push(shifted.toBase64({ alphabet }).slice(begin, end));
    }
  }
  return forms;
}

function escapedForms(text: string): readonly string[] {
  if (PLAIN.test(text)) return [text];
  return [text, ...percentForms(text), ...jsonForms(text), ...htmlForms(text)];
}

function percentForms(text: string): readonly string[] {
  const bytes = utf8(text);
  return PERCENT_STYLES.flatMap(({ kept, space }) => {
    const encode = (byte: number): string => {
      const character = String.fromCharCode(byte);
      if (byte < 0x80 && kept.test(character)) return character;
      if (character === " ") return space;
      return `%${byte.toString(16).padStart(2, "0")}`;
    };
    const lower = Array.from(bytes, encode);
    // Only the escapes change case, not the letters between them.
    const upper = lower.map((one) => (one.length === 3 ? one.toUpperCase() : one));
    return [lower.join(""), upper.join("")];
  });
}

function jsonForms(text: string): readonly string[] {
  const inner = (plain: string): string => JSON.stringify(plain).slice(1, -1);
  const once = inner(text);
  const forms: string[] = [];
  // The second is a JSON text that is a string of another JSON text.
  for (const form of [once, inner(once)]) {
    forms.push(form, form.replaceAll("/", "\\/"));
    for (const escaped of [/[\u007f-\uffff]/g, /[<>&\u007f-\uffff]/g, /[<>&'\u007f-\uffff]/g]) {
      const lower = form.replace(escaped, unicodeEscape);
      const upper = form.replace(escaped, (unit) =>
        unicodeEscape(unit).toUpperCase().replace("U", "u"),
      );
      forms.push(lower, upper, lower.replaceAll("/", "\\/"), upper.replaceAll("/", "\\/"));
    }
  }
  return forms;
}

function unicodeEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function htmlForms(text: string): readonly string[] {
  const common = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return HTML_QUOTES.map(({ double, single }) =>
    common.replaceAll('"', double).replaceAll("'", single),
  );
}
