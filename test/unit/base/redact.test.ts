import { expect, test } from "bun:test";
import { utf8 } from "../../../lib/base/bytes.ts";
import { Redactor } from "../../../lib/base/redact.ts";
import { Secret } from "../../../lib/base/secret.ts";

const TOKEN = "ghp_REALVALUE/+x";

function knowing(...secrets: readonly string[]): Redactor {
  const redactor = new Redactor();
  for (const secret of secrets) redactor.learn(new Secret(secret));
  return redactor;
}

const base64 = (text: string): string => utf8(text).toBase64();

// NO21 and the weak list: what a value looks like in other encodings.
test.each([
  { name: "the value itself", text: `a ${TOKEN} b`, want: "a [redacted] b" },
  { name: "hex", text: `x${utf8(TOKEN).toHex()}y`, want: "x[redacted]y" },
  { name: "upper-case hex", text: `x${utf8(TOKEN).toHex().toUpperCase()}y`, want: "x[redacted]y" },
  { name: "padded base64", text: `${base64(TOKEN)}.`, want: "[redacted]." },
  {
    name: "base64url without padding",
    text: utf8(TOKEN).toBase64({ alphabet: "base64url", omitPadding: true }),
    want: "[redacted]",
  },
  {
    name: "percent-encoding",
    text: `?t=${encodeURIComponent(TOKEN)}&x`,
    want: "?t=[redacted]&x",
  },
  {
    name: "lower-case percent-encoding",
    text: encodeURIComponent(TOKEN).replace(/%../g, (one) => one.toLowerCase()),
    want: "[redacted]",
  },
  {
    name: "every byte percent-encoded",
    text: utf8(TOKEN).toHex().replace(/../g, "%$&"),
    want: "[redacted]",
  },
  {
    name: "JSON with escaped slashes",
    text: `"${TOKEN.replace("/", "\\/")}"`,
    want: '"[redacted]"',
  },
  {
    name: "base64 with escaped slashes",
    text: base64("??>>~~??").replaceAll("/", "\\/"),
    want: "[redacted]",
    secret: "??>>~~??",
  },
  {
    name: "a form with spaces",
    text: "p=pass+w%C3%B6rd%21&q",
    want: "p=[redacted]&q",
    secret: "pass wörd!",
  },
  {
    name: "JSON of ASCII only",
    text: '"p\\u00e4ss\\"word\\n1"',
    want: '"[redacted]"',
    secret: 'päss"word\n1',
  },
  {
    name: "JSON in JSON",
    text: JSON.stringify(JSON.stringify({ a: 'pa"ss\\word' })),
    want: '"{\\"a\\":\\"[redacted]\\"}"',
    secret: 'pa"ss\\word',
  },
  {
    name: "JSON that is safe in HTML",
    text: '"a\\u003cb\\u003ecd\\u0026"',
    want: '"[redacted]"',
    secret: "a<b>cd&",
  },
  {
    name: "HTML",
    text: "<p>a&lt;b&#39;c&quot;d&amp;e</p>",
    want: "<p>[redacted]</p>",
    secret: "a<b'c\"d&e",
  },
  {
    name: "the value without its outer spaces",
    text: "x=secret1;",
    want: "x=[redacted];",
    secret: " secret1 ",
  },
  { name: "nothing of a short secret", text: "12345", want: "12345", secret: "12345" },
])("Redactor.redactText() masks $name", ({ text, want, secret }) => {
  expect(knowing(secret ?? TOKEN).redactText(text)).toBe(want);
});

test.each([0, 1, 2, 3, 4, 5])(
  "Redactor.redactText() masks base64 of a text with %p bytes before the secret",
  (count) => {
    const shown = knowing(TOKEN).redactText(base64(`${"u".repeat(count)}${TOKEN}tail`));
    // What is left tells at most a few bits of the first and the last byte.
    expect(atob(shown.split("[redacted]")[0]?.slice(0, Math.floor(count / 3) * 4) ?? "")).toBe(
      "u".repeat(Math.floor(count / 3) * 3),
    );
    expect(shown.split("[redacted]")[0]?.length).toBeLessThanOrEqual(Math.ceil((count * 8) / 6));
    expect(shown).toContain("[redacted]");
  },
);

test.each(["", "a", "al", "ali", "alice"])(
  "Redactor.redactText() masks the password in the Basic credential of user '%s'",
  (user) => {
    const header = `Basic ${base64(`${user}:${TOKEN}`)}`;
    const shown = knowing(TOKEN).redactText(header);
    expect(shown).toContain("[redacted]");
    const left = shown.replace("Basic ", "").replace("[redacted]", "");
    expect(left.length).toBeLessThanOrEqual(Math.ceil(((user.length + 1) * 8) / 6) + 4);
  },
);

test.each([
  { name: "share one mask when they overlap", text: "xabcdefghijklx", want: "x[redacted]x" },
  {
    name: "get a mask each when they touch",
    text: "abcdefghefghijkl",
    want: "[redacted][redacted]",
  },
  {
    name: "are masked whole when one holds the other",
    text: "x abcdefghijklmn y",
    want: "x [redacted]mn y",
  },
])("Redactor.redactText(): two secrets $name", ({ text, want }) => {
  expect(knowing("abcdefgh", "efghijkl").redactText(text)).toBe(want);
});

test("Redactor.redactText() prefers the longer of two secrets that begin alike", () => {
  expect(knowing("secret1", "secret1-and-more").redactText("secret1-and-more secret1-an")).toBe(
    "[redacted] [redacted]-an",
  );
});

test("Redactor.redactText() leaves a text alone when nothing is known", () => {
  expect(new Redactor().redactText("abcdefghij")).toBe("abcdefghij");
});

test("Redactor.textMask() masks a secret at every place it can be split", () => {
  const text = `start ${TOKEN} middle ${base64(TOKEN)} end`;
  const redactor = knowing(TOKEN);
  const want = redactor.redactText(text);
  for (let first = 0; first < text.length; first += 1) {
    for (let second = first; second < text.length; second += 3) {
      const mask = redactor.textMask();
      const shown =
        mask.push(text.slice(0, first)) +
        mask.push(text.slice(first, second)) +
        mask.push(text.slice(second)) +
        mask.end();
      expect(shown).toBe(want);
    }
  }
});

test("Redactor.textMask() holds back only what may be the beginning of a secret", () => {
  const mask = knowing("secret-one").textMask();
  expect(mask.push("all of that")).toBe("all of that");
  expect(mask.push(" and secr")).toBe(" and ");
  expect(mask.push("ecy")).toBe("secrecy");
  expect(mask.push("secret-on")).toBe("");
  expect(mask.end()).toBe("secret-on");
});

test("Redactor.textMask() masks a secret learnt while the stream was open", () => {
  const redactor = new Redactor();
  const mask = redactor.textMask();
  expect(mask.push("before late-secret ")).toBe("before late-secret ");
  redactor.learn("late-secret");
  expect(mask.push("after late-secret") + mask.end()).toBe("after [redacted]");
});

test("Redactor.bytesMask() masks byte by byte and keeps bytes that are no UTF-8", () => {
  const redactor = knowing("pässwörter");
  const bytes = Uint8Array.of(0xff, 0x80, 0, ...utf8("pässwörter"), 0xfe, 0x9d);
  const mask = redactor.bytesMask();
  const shown: number[] = [];
  for (const byte of bytes) shown.push(...mask.push(Uint8Array.of(byte)));
  shown.push(...mask.end());
  expect(shown).toEqual([0xff, 0x80, 0, ...utf8("[redacted]"), 0xfe, 0x9d]);
  expect([...redactor.redactBytes(bytes)]).toEqual(shown);
});

test("Redactor.redactBytes() knows secrets learnt after the first bytes were masked", () => {
  const redactor = knowing("first-secret");
  redactor.redactBytes(utf8("x"));
  redactor.learn("second-secret");
  expect(redactor.redactBytes(utf8("a second-secret"))).toEqual(utf8("a [redacted]"));
});

test("Redactor.redactData() goes into lists, objects and names, and leaves the rest", () => {
  const redactor = knowing("hidden-value");
  expect(
    redactor.redactData({
      "x-hidden-value": ["hidden-value", 1, null, true],
      nested: { deep: 'a "hidden-value"' },
      secret: new Secret("hidden-value"),
    }),
  ).toEqual({
    "x-[redacted]": ["[redacted]", 1, null, true],
    nested: { deep: 'a "[redacted]"' },
    secret: new Secret("hidden-value"),
  });
});

test("Redactor: 200 secrets and 10 MB of text take reasonable time", () => {
  const redactor = new Redactor();
  const digits = "abcdefghijklmnopqrstuvwxyz0123456789";
  const secrets = Array.from({ length: 200 }, (_, at) =>
    Array.from(
      { length: 40 },
      (_unused, place) => digits[(at * 31 + place * 7 + at * place) % 36],
    ).join(""),
  );
  for (const secret of secrets) redactor.learn(secret);
  const text = `${"some ordinary text of a response; ".repeat(1500)}${secrets[7]}`.repeat(200);
  const started = performance.now();
  const shown = redactor.redactText(text);
  expect(performance.now() - started).toBeLessThan(3000);
  expect(shown.length).toBe(text.length - 200 * 30);
});

test.each([
  { name: "some letters encoded and others not", text: "k=%73ecret%20v%61lue!" },
  { name: "a space as plus", text: "k=s%65cret+value" },
  { name: "everything encoded, in both cases", text: "%73%65%63%72%65%74%20%76%61%6C%75%65" },
  { name: "base64 with its letters encoded", text: `k=%63${btoa("secret value").slice(1)}` },
])("Redactor.redactText() masks a percent-encoded secret: $name", ({ text }) => {
  const redactor = new Redactor();
  redactor.learn("secret value");
  const shown = redactor.redactText(`ü😀${text}%zz%`);
  expect(shown).toContain("[redacted]");
  expect(shown).toStartWith("ü😀");
  expect(shown).toEndWith("%zz%");
  expect(decodeURIComponent(shown.slice(0, -4).replaceAll("+", " "))).not.toMatch(/secret|value/);
});

test("Redactor.redactData() masks a secret that is a number", () => {
  const redactor = new Redactor();
  redactor.learn("4711471147");
  expect(redactor.redactData({ a: 4711471147, b: 47 })).toEqual({ a: "[redacted]", b: 47 });
});
