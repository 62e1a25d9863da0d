import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  hasUnsafe,
  sanitizeLine,
  sanitizeText,
  TextSanitizer,
} from "../../../lib/base/sanitize.ts";

test.each([
  { name: "ordinary text stays", text: "a\tb\nc é 漢字 😀", want: "a\tb\nc é 漢字 😀" },
  { name: "ESC is shown", text: "\u001b[31mred", want: String.raw`\x1b[31mred` },
  {
    name: "an OSC that sets the title is shown",
    text: "\u001b]0;x\u0007",
    want: String.raw`\x1b]0;x\x07`,
  },
  { name: "a C1 CSI is shown", text: "\u009b31m", want: String.raw`\x9b31m` },
  { name: "DEL and NUL are shown", text: "\u007f\0", want: String.raw`\x7f\x00` },
  {
    name: "backspace, which overwrites, is shown",
    text: "rm\b\bls",
    want: String.raw`rm\x08\x08ls`,
  },
  { name: "CR LF becomes LF", text: "a\r\nb\r\n", want: "a\nb\n" },
  {
    name: "a lone CR, which overwrites the line, is shown",
    text: "good\revil",
    want: String.raw`good\x0devil`,
  },
  {
    name: "bidi overrides are shown",
    text: "a\u202egnp.exe\u2066",
    want: String.raw`a\u202egnp.exe\u2066`,
  },
  {
    name: "marks of direction are shown",
    text: "\u200e\u200f\u061c",
    want: String.raw`\u200e\u200f\u061c`,
  },
  {
    name: "zero-width characters are shown",
    text: "a\u200bb\u2060c\ufeffd\u200d",
    want: String.raw`a\u200bb\u2060c\ufeffd\u200d`,
  },
  { name: "tags, which hide text, are shown", text: "a\u{e0041}", want: String.raw`a\u{e0041}` },
  {
    name: "line and paragraph separators are shown",
    text: "\u2028\u2029",
    want: String.raw`\u2028\u2029`,
  },
  {
    name: "fillers and soft hyphens are shown",
    text: "\u3164\uffa0\u00ad",
    want: String.raw`\u3164\uffa0\xad`,
  },
  {
    name: "half a pair is shown, a whole pair stays",
    text: "\ud800😀\udc00",
    want: "\\ud800😀\\udc00",
  },
])("sanitizeText() $name", ({ text, want }) => {
  expect(sanitizeText(text)).toBe(want);
});

test("sanitizeLine() keeps a text on its line", () => {
  expect(sanitizeLine("a\r\nX-Forged: 1\u001b")).toBe(String.raw`a\x0d\x0aX-Forged: 1\x1b`);
});

test("sanitizeText() leaves nothing unsafe in any text, and safe text alone", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const safe = sanitizeText(text);
      expect(hasUnsafe(safe)).toBe(false);
      expect(sanitizeText(safe)).toBe(safe);
    }),
  );
});

test("TextSanitizer gives the same for pieces cut anywhere, half a pair and CR LF included", () => {
  const units = fc.constantFrom("a", "\r", "\n", "\ud83d", "\ude00", "\u001b", "é");
  fc.assert(
    fc.property(fc.array(fc.array(units).map((part) => part.join(""))), (pieces) => {
      const sanitizer = new TextSanitizer();
      const parts = pieces.map((piece) => sanitizer.push(piece));
      expect(parts.join("") + sanitizer.end()).toBe(sanitizeText(pieces.join("")));
    }),
  );
});

test("TextSanitizer holds nothing back that cannot change", () => {
  expect(new TextSanitizer().push("data: 1\n")).toBe("data: 1\n");
});
