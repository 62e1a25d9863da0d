import { expect, test } from "bun:test";
import fc from "fast-check";
import { hasUnsafe, sanitizeText } from "../../../lib/base/sanitize.ts";
import { painterOf, plainPainter } from "../../../lib/render/color.ts";
import type { BodyFormat, FormatContext } from "../../../lib/render/format.ts";
import { jsonFormat, jsonLikeFormat, jsonLinesFormat } from "../../../lib/render/json.ts";
import { DEFAULT_FORMAT_OPTIONS, parseFormatOptions } from "../../../lib/render/pretty.ts";

const PLAIN: FormatContext = {
  options: DEFAULT_FORMAT_OPTIONS,
  isFormatted: true,
  painter: plainPainter,
  clean: sanitizeText,
};

function formatted(
  text: string,
  options = "",
  { format = jsonFormat, context = PLAIN }: { format?: BodyFormat; context?: FormatContext } = {},
): string | undefined {
  const pieces = format.format(text, { ...context, options: parseFormatOptions(options) });
  return pieces === undefined ? undefined : [...pieces].join("");
}

test.each([
  {
    name: "keeps the order of keys, numbers that look like indexes included",
    text: '{"2":1,"1":2,"b":3,"a":4}',
    want: '{\n    "2": 1,\n    "1": 2,\n    "b": 3,\n    "a": 4\n}',
  },
  {
    name: "keeps numbers digit for digit",
    text: "[9007199254740993,1e400,1.10,-0,1E+2]",
    want: "[\n    9007199254740993,\n    1e400,\n    1.10,\n    -0,\n    1E+2\n]",
  },
  {
    name: "keeps duplicate keys",
    text: '{"a":1,"a":{},"a":[]}',
    want: '{\n    "a": 1,\n    "a": {},\n    "a": []\n}',
  },
  {
    name: "nests",
    text: '{"c":[[],{"x":null}]}',
    want: '{\n    "c": [\n        [],\n        {\n            "x": null\n        }\n    ]\n}',
  },
  { name: "keeps the last line end", text: "[1]\n", want: "[\n    1\n]\n" },
  { name: "takes a lone value", text: ' "x" ', want: '"x"' },
  {
    name: "keeps the prefix against inclusion as a script",
    text: ")]}',\n[1]",
    want: ")]}',\n[\n    1\n]",
  },
  { name: "leaves text that stops early", text: '{"a":', want: undefined },
  { name: "leaves a trailing comma", text: "[1,]", want: undefined },
  { name: "leaves a missing comma", text: "[1 2]", want: undefined },
  { name: "leaves a key that is no string", text: "{1:2}", want: undefined },
  { name: "leaves a missing value", text: '{"a"}', want: undefined },
  { name: "leaves brackets that do not match", text: '{"a":1]', want: undefined },
  { name: "leaves two texts", text: "{} {}", want: undefined },
  { name: "leaves empty text", text: "", want: undefined },
  { name: "leaves NaN", text: "[NaN]", want: undefined },
])("jsonFormat $name", ({ text, want }) => {
  expect(formatted(text)).toBe(want);
});

test.each([
  { name: "indent 2", options: "json.indent:2", want: '{\n  "b": [\n    1\n  ],\n  "a": "é"\n}' },
  { name: "indent 0", options: "json.indent:0", want: '{\n"b": [\n1\n],\n"a": "é"\n}' },
  {
    name: "no formatting",
    options: "json.format:false",
    want: String.raw`{"b":[1], "a":"\u00e9"}`,
  },
  {
    name: "escapes kept",
    options: "json.unicode:false",
    want: '{\n    "b": [\n        1\n    ],\n    "a": "\\u00e9"\n}',
  },
  {
    name: "keys sorted",
    options: "json.sort_keys:true",
    want: '{\n    "a": "é",\n    "b": [\n        1\n    ]\n}',
  },
])("jsonFormat obeys $name", ({ options, want }) => {
  expect(formatted(String.raw`{"b":[1], "a":"\u00e9"}`, options)).toBe(want);
});

test("jsonFormat sorts keys at every depth by what they mean, duplicates in their order", () => {
  const text = String.raw`{"b":[{"d":1,"c":{"f":1,"e":2}}],"a":2,"\u0061":1,"B":[]}`;
  expect(formatted(text, "json.sort_keys:true,json.indent:0,json.unicode:false")).toBe(
    String.raw`{
"B": [],
"a": 2,
"\u0061": 1,
"b": [
{
"c": {
"e": 2,
"f": 1
},
"d": 1
}
]
}`,
  );
});

test.each([
  { name: "an escaped letter is shown", text: String.raw`"\u00e9\u4e2d"`, want: '"é中"' },
  { name: "an escaped pair is shown", text: String.raw`"\ud83d\ude00"`, want: '"😀"' },
  {
    name: "half a pair stays",
    text: String.raw`"\ud83d\u0041\ude00"`,
    want: String.raw`"\ud83dA\ude00"`,
  },
  { name: "an escaped slash is shown", text: String.raw`"http:\/\/a\/"`, want: '"http://a/"' },
  {
    name: "an escaped quote and backslash stay",
    text: String.raw`"\u0022\u005c\"\\"`,
    want: String.raw`"\u0022\u005c\"\\"`,
  },
  {
    name: "an escaped backslash before u is no escape",
    text: String.raw`"\\u0041"`,
    want: String.raw`"\\u0041"`,
  },
  {
    name: "escapes of controls stay",
    text: String.raw`"\u001b[31m\n\t\u009b"`,
    want: String.raw`"\u001b[31m\n\t\u009b"`,
  },
  {
    name: "escapes of bidi and zero-width stay",
    text: String.raw`"\u202e\u200b\ufeff"`,
    want: String.raw`"\u202e\u200b\ufeff"`,
  },
  {
    name: "escapes of blanks that look like a space stay",
    text: String.raw`"\u00a0\u2003\u0020"`,
    want: String.raw`"\u00a0\u2003 "`,
  },
  {
    name: "a raw C1 control becomes an escape",
    text: '"\u009b31m"',
    want: String.raw`"\u009b31m"`,
  },
  {
    name: "a raw bidi control becomes an escape",
    text: '"\u202egnp"',
    want: String.raw`"\u202egnp"`,
  },
  {
    name: "a raw tag becomes a pair of escapes",
    text: '"\u{e0041}"',
    want: String.raw`"\udb40\udc41"`,
  },
])("jsonFormat strings: $name", ({ text, want }) => {
  expect(formatted(text)).toBe(want);
  expect(JSON.parse(want)).toBe(JSON.parse(text));
});

test("jsonFormat never changes what the text means, and leaves nothing unsafe", () => {
  const strings = fc.string({ unit: "binary" });
  const escaped = strings.map((text) =>
    text.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`),
  );
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: "binary" }), escaped, (value, string) => {
      const text = `{"raw":${JSON.stringify(value)},"escaped":"${string}"}`;
      const want: unknown = JSON.parse(text);
      const shown = formatted(text) ?? "";
      expect(JSON.parse(shown)).toEqual(want);
      expect(hasUnsafe(shown)).toBe(false);
      expect(formatted(shown)).toBe(shown);
    }),
  );
});

test("jsonFormat paints by role, and resets at the end of each token", () => {
  const context = { ...PLAIN, isFormatted: false, painter: painterOf("auto") };
  const want =
    '{ \u001b[94m"a"\u001b[0m:\n[\u001b[36m1\u001b[0m,\u001b[35mnull\u001b[0m,\u001b[32m"x"\u001b[0m]}';
  expect(formatted('{ "a":\r\n[1,null,"x"]}', "", { context })).toBe(want);
});

test.each([
  { name: "an object without a type", type: "", text: '{"a":1}', want: '{\n    "a": 1\n}' },
  { name: "not a word", type: "text/plain", text: "12", want: undefined },
  { name: "not prose with brackets", type: "text/plain", text: "hello [1]", want: undefined },
])("jsonLikeFormat takes $name", ({ type, text, want }) => {
  expect(jsonLikeFormat.matches(type)).toBe(true);
  expect(formatted(text, "", { format: jsonLikeFormat })).toBe(want);
});

test("jsonLinesFormat keeps a text on its line", () => {
  expect(formatted('{ "a" : [1, 2] }', "", { format: jsonLinesFormat })).toBe('{"a":[1,2]}');
});

test("jsonFormat costs no stack for depth and leaves what indentation would blow up", () => {
  const deep = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
  expect(formatted(deep(400))?.startsWith("[\n    [\n        [")).toBe(true);
  expect(formatted(deep(400), "json.sort_keys:true")).toBe(formatted(deep(400)));
  expect(formatted(deep(200_000))).toBeUndefined();
  const wideAndDeep = "[".repeat(300) + "1,".repeat(200_000) + "1" + "]".repeat(300);
  expect(formatted(wideAndDeep)).toBeUndefined();
  expect(formatted(deep(5000), "json.format:false")).toBe(deep(5000));
});

test("jsonFormat takes a line of 20 million characters", () => {
  const text = `[${'{"id":12345,"name":"some text"},'.repeat(625_000)}0]`;
  const pieces = jsonFormat.format(text, PLAIN) ?? [];
  let length = 0;
  let longest = 0;
  for (const piece of pieces) {
    length += piece.length;
    longest = Math.max(longest, piece.length);
  }
  expect(length).toBeGreaterThan(text.length);
  expect(longest).toBeLessThan(100_000);
});
