import { expect, test } from "bun:test";
import { WeirError } from "../../../lib/base/errors.ts";
import { parseCharset } from "../../../lib/render/charset.ts";
import { formatFor } from "../../../lib/render/index.ts";
import { parseStyle, painterOf, STYLE_NAMES } from "../../../lib/render/color.ts";
import {
  DEFAULT_FORMAT_OPTIONS,
  defaultPretty,
  parseFormatOptions,
  parsePretty,
} from "../../../lib/render/pretty.ts";
import { defaultPrint, parsePrint, type PrintParts } from "../../../lib/render/print.ts";

function lettersOf(parts: PrintParts): string {
  return [
    parts.showRequestHead ? "H" : "",
    parts.showRequestBody ? "B" : "",
    parts.showResponseHead ? "h" : "",
    parts.showResponseBody ? "b" : "",
    parts.showMeta ? "m" : "",
  ].join("");
}

test.each(["HBhbm", "h", "Hb", "Bm", ""])("parsePrint() reads %p", (letters) => {
  expect(lettersOf(parsePrint(letters))).toBe(letters);
});

const PIPE = { isTerminal: false, isOffline: false, verbosity: 0 };
test.each([
  { name: "head and body on a terminal", given: { ...PIPE, isTerminal: true }, want: "hb" },
  { name: "the body in a pipe", given: PIPE, want: "b" },
  { name: "everything but metadata with -v", given: { ...PIPE, verbosity: 1 }, want: "HBhb" },
  { name: "metadata too with -vv", given: { ...PIPE, verbosity: 2 }, want: "HBhbm" },
  { name: "the request with --offline", given: { ...PIPE, isOffline: true }, want: "HB" },
  {
    name: "the head with -h",
    given: { ...PIPE, verbosity: 1, only: "headers" as const },
    want: "h",
  },
  {
    name: "the body with -b",
    given: { ...PIPE, isTerminal: true, only: "body" as const },
    want: "b",
  },
  { name: "metadata with -m", given: { ...PIPE, only: "meta" as const }, want: "m" },
])("defaultPrint() prints $name", ({ given, want }) => {
  expect(lettersOf(defaultPrint(given))).toBe(want);
});

test("parseFormatOptions() changes what is named and keeps the rest", () => {
  const once = parseFormatOptions("json.indent:2,headers.sort:true");
  expect(parseFormatOptions("json.sort_keys:true, xml.format:false", once)).toEqual({
    headers: { isSorted: true },
    json: { isFormatted: true, indent: 2, isSorted: true, isUnescaped: true },
    xml: { isFormatted: false, indent: 2 },
  });
  expect(parseFormatOptions("")).toBe(DEFAULT_FORMAT_OPTIONS);
});

test.each([
  { name: "a letter of --print", run: () => parsePrint("hbx") },
  { name: "a style", run: () => parseStyle("monokia") },
  { name: "a value of --pretty", run: () => parsePretty("yes") },
  { name: "a value that is a name of Object.prototype", run: () => parsePretty("constructor") },
  { name: "a format option", run: () => parseFormatOptions("json.idnent:2") },
  { name: "a format option of Object.prototype", run: () => parseFormatOptions("toString:1") },
  { name: "a format option without a value", run: () => parseFormatOptions("json.indent") },
  { name: "a truth value", run: () => parseFormatOptions("json.format:yes") },
  { name: "an indent that is no number", run: () => parseFormatOptions("json.indent:-1") },
  { name: "an indent that is too wide", run: () => parseFormatOptions("json.indent:17") },
  { name: "a charset", run: () => parseCharset("utf-99") },
])("a bad flag value is refused with a hint: $name", ({ run }) => {
  expect(run).toThrow(WeirError);
  try {
    run();
  } catch (error) {
    expect(error).toMatchObject({ code: "USAGE_BAD_VALUE", hint: expect.any(String) });
  }
});

test.each([
  { name: "all on a terminal", given: { isTerminal: true, color: "auto" }, want: [true, true] },
  {
    name: "no colour with NO_COLOR",
    given: { isTerminal: true, color: "never" },
    want: [true, false],
  },
  { name: "nothing in a pipe", given: { isTerminal: false, color: "auto" }, want: [false, false] },
  {
    name: "colour in a pipe with CLICOLOR_FORCE",
    given: { isTerminal: false, color: "always" },
    want: [false, true],
  },
] as const)("defaultPretty() gives $name", ({ given, want }) => {
  const { isFormatted, isColored } = defaultPretty(given);
  expect([isFormatted, isColored]).toEqual([...want]);
});

test("painterOf() closes colour at every line end, and every style paints", () => {
  expect(painterOf("auto").paint("comment", "a\nb")).toBe(
    "\u001b[90ma\u001b[0m\n\u001b[90mb\u001b[0m",
  );
  for (const style of STYLE_NAMES) {
    const painted = painterOf(style).paint("key", "k");
    expect(painted).toStartWith("\u001b[");
    expect(painted).toEndWith("mk\u001b[0m");
  }
});

test.each([
  { type: "application/json", want: "json" },
  { type: "application/vnd.api+json", want: "json" },
  { type: "application/x-amz-json-1.1", want: "json" },
  { type: "application/x-ndjson", want: "json-lines" },
  { type: "application/jsonl", want: "json-lines" },
  { type: "application/soap+xml", want: "xml" },
  { type: "image/svg+xml", want: "xml" },
  { type: "text/javascript", want: "json-like" },
  { type: "", want: "json-like" },
  { type: "text/html", want: undefined },
  { type: "text/css", want: undefined },
  { type: "application/x-www-form-urlencoded", want: undefined },
])("formatFor() $type", ({ type, want }) => {
  expect(formatFor(type)?.name).toBe(want);
});
