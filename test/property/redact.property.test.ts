import { expect, test } from "bun:test";
import fc from "fast-check";
import { utf8 } from "../../lib/base/bytes.ts";
import { Redactor } from "../../lib/base/redact.ts";

// Random secrets, places, encodings and chunk boundaries: no output may hold the secret, nor any
// spelling of it that a reader could turn back. The encoders below are written apart from those in
// lib/base/secret-forms.ts. WEIR_RUNS=10000 is the full series.
const RUNS = Number(process.env["WEIR_RUNS"] ?? 2000);

const secretText = fc
  .oneof(
    fc.string({ minLength: 6, maxLength: 60, unit: "binary-ascii" }),
    fc.string({ minLength: 6, maxLength: 30, unit: "grapheme" }),
    fc
      .uint8Array({ minLength: 6, maxLength: 40 })
      .map((bytes) => `tok_${bytes.toBase64({ alphabet: "base64url" })}`),
  )
  .filter((text) => text.trim().length >= 6);

const around = fc.oneof(
  fc.constant(""),
  fc.string({ maxLength: 20, unit: "binary-ascii" }),
  fc.string({ maxLength: 8, unit: "grapheme" }),
);

const hex = (text: string): string => Buffer.from(text).toString("hex");
const escape = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;

interface Encoder {
  readonly name: string;
  /** Writes the secret among its neighbours. */
  readonly write: (before: string, secret: string, after: string) => string;
  /** Finds what the neighbours cannot have changed, in a text that leaked. */
  readonly find: (shown: string, secret: string) => boolean;
}

const contains =
  (encode: (secret: string) => string) =>
  (shown: string, secret: string): boolean =>
    shown.includes(encode(secret));

function spelled(name: string, encode: (text: string) => string): Encoder {
  return {
    name,
    write: (before, secret, after) => before + encode(secret) + after,
    find: contains(encode),
  };
}

/** Says whether some stretch of base64 letters decodes, at some alignment, to the secret. */
function decodesTo(shown: string, secret: string): boolean {
  const letters = shown.replaceAll("-", "+").replaceAll("_", "/");
  return (letters.match(/[A-Za-z0-9+/]+/g) ?? []).some((run) =>
    [0, 1, 2, 3].some((skip) =>
      Buffer.from(run.slice(skip), "base64").includes(Buffer.from(secret)),
    ),
  );
}

const ENCODERS: readonly Encoder[] = [
  spelled("as it is", (text) => text),
  spelled("encodeURIComponent", (text) => encodeURIComponent(text.toWellFormed())),
  spelled("encodeURIComponent in lower case", (text) =>
    encodeURIComponent(text.toWellFormed()).replace(/%../g, (one) => one.toLowerCase()),
  ),
  spelled("form", (text) => new URLSearchParams({ x: text }).toString().slice(2)),
  spelled("the query of a URL", (text) => {
    const url = new URL("http://h.test/");
    url.search = `?x=${text.replaceAll("#", "%23")}`;
    return text.includes("#") || /[\t\n\r]/.test(text) ? text : url.search.slice(3);
  }),
  spelled("JSON", (text) => JSON.stringify(text).slice(1, -1)),
  spelled("JSON in JSON", (text) => JSON.stringify(JSON.stringify(text).slice(1, -1)).slice(1, -1)),
  spelled("JSON of ASCII only", (text) =>
    JSON.stringify(text)
      .slice(1, -1)
      .replace(/[\u007f-\uffff]/g, escape),
  ),
  spelled("JSON of another language", (text) =>
    JSON.stringify(text).slice(1, -1).replaceAll("/", "\\/"),
  ),
  spelled("hex", hex),
  spelled("HEX", (text) => hex(text).toUpperCase()),
  spelled("percent for every byte", (text) => hex(text).replace(/../g, "%$&")),
  spelled("HTML", (text) => Bun.escapeHTML(text)),
  {
    name: "base64",
    write: (before, secret, after) => Buffer.from(before + secret + after).toString("base64"),
    find: decodesTo,
  },
  {
    name: "base64url",
    write: (before, secret, after) => Buffer.from(before + secret + after).toString("base64url"),
    find: decodesTo,
  },
  {
    name: "Basic",
    write: (before, secret) =>
      `Basic ${Buffer.from(`${before.replaceAll(":", "")}:${secret}`).toString("base64")}`,
    find: decodesTo,
  },
];

function pieces(text: string, sizes: readonly number[]): string[] {
  const chunks: string[] = [];
  let at = 0;
  for (let turn = 0; at < text.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    chunks.push(text.slice(at, at + size));
    at += size;
  }
  return chunks;
}

const sample = fc.record({
  secret: secretText,
  others: fc.array(secretText, { maxLength: 3 }),
  encoder: fc.constantFrom(...ENCODERS),
  before: around,
  after: around,
  sizes: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
});

test("Redactor lets no encoding of a secret through, whole or in chunks", () => {
  fc.assert(
    fc.property(sample, ({ secret, others, encoder, before, after, sizes }) => {
      const redactor = new Redactor();
      for (const one of [secret, ...others]) redactor.learn(one);
      const text = encoder.write(before, secret, after);
      const whole = redactor.redactText(text);
      expect(encoder.find(whole.replaceAll("[redacted]", "\0"), secret)).toBe(false);

      const mask = redactor.textMask();
      const shown =
        pieces(text, sizes)
          .map((piece) => mask.push(piece))
          .join("") + mask.end();
      expect(shown).toBe(whole);

      const bytes = utf8(text);
      const bytesMask = redactor.bytesMask();
      const out: Uint8Array[] = [];
      let at = 0;
      for (let turn = 0; at < bytes.length; turn += 1) {
        const size = sizes[turn % sizes.length] ?? 1;
        out.push(bytesMask.push(bytes.subarray(at, at + size)));
        at += size;
      }
      out.push(bytesMask.end());
      expect(Buffer.concat(out).toString()).toBe(
        Buffer.from(redactor.redactBytes(bytes)).toString(),
      );
      expect(Buffer.concat(out).includes(Buffer.from(secret))).toBe(false);
    }),
    { numRuns: RUNS },
  );
});
