import { expect, test } from "bun:test";
import { parseItem } from "../../../lib/items/grammar.ts";
import { itemError } from "../../../lib/items/item-error.ts";
import { printJson } from "../../../lib/base/json-tree.ts";

test.each([
  {
    name: "a header",
    text: "X-Time:12:30",
    want: { kind: "header", name: "X-Time", value: "12:30" },
  },
  {
    name: "an equals sign in a header",
    text: "X-Eq:a=b",
    want: { kind: "header", name: "X-Eq", value: "a=b" },
  },
  {
    name: "a header with white space",
    text: "X: a ",
    want: { kind: "header", name: "X", value: " a " },
  },
  {
    name: "a header to take away",
    text: "Accept:",
    want: { kind: "header-unset", name: "Accept" },
  },
  { name: "an empty header", text: "X-E;", want: { kind: "header-empty", name: "X-E" } },
  {
    name: "a header from a file",
    text: "X:@k.txt",
    want: { kind: "header-file", name: "X", path: "k.txt" },
  },
  {
    name: "a header value that starts with a space and an at sign",
    text: "X: @k",
    want: { kind: "header", name: "X", value: " @k" },
  },
  { name: "a query parameter", text: "q==v", want: { kind: "query", name: "q", value: "v" } },
  { name: "three equals signs", text: "q===v", want: { kind: "query", name: "q", value: "=v" } },
  { name: "an empty query parameter", text: "q==", want: { kind: "query", name: "q", value: "" } },
  {
    name: "a query parameter from a file",
    text: "q==@f",
    want: { kind: "query-file", name: "q", path: "f" },
  },
  { name: "a field", text: "a=b=c", want: { kind: "field", name: "a", value: "b=c" } },
  { name: "an empty field", text: "a=", want: { kind: "field", name: "a", value: "" } },
  {
    name: "a field without a name",
    text: "=root",
    want: { kind: "field", name: "", value: "root" },
  },
  {
    name: "a value that starts with a colon",
    text: "a=:1",
    want: { kind: "field", name: "a", value: ":1" },
  },
  {
    name: "an at sign in a value",
    text: "mail=me@h.test",
    want: { kind: "field", name: "mail", value: "me@h.test" },
  },
  {
    name: "a semicolon in a value",
    text: "a=b;c",
    want: { kind: "field", name: "a", value: "b;c" },
  },
  {
    name: "a line break in a value",
    text: "a=b\nc",
    want: { kind: "field", name: "a", value: "b\nc" },
  },
  {
    name: "text beyond ASCII",
    text: "名=žluť 🐎",
    want: { kind: "field", name: "名", value: "žluť 🐎" },
  },
  {
    name: "brackets, which wait for the mode",
    text: "a[b][]=c",
    want: { kind: "field", name: "a[b][]", value: "c" },
  },
  { name: "a field from a file", text: "a=@f", want: { kind: "field-file", name: "a", path: "f" } },
  {
    name: "JSON from a file",
    text: "a:=@f",
    want: { kind: "field-json-file", name: "a", path: "f" },
  },
  {
    name: "an upload",
    text: "f@sub/a.txt",
    want: { kind: "upload", name: "f", path: "sub/a.txt" },
  },
  {
    name: "an upload with a type",
    text: "f@a;type=text/x; charset=u",
    want: { kind: "upload", path: "a", type: "text/x; charset=u" },
  },
  {
    name: "an upload with a file name",
    text: "f@a;filename=b c",
    want: { kind: "upload", path: "a", filename: "b c" },
  },
  {
    name: "an upload with both",
    text: "f@a;filename=b;type=x/y",
    want: { kind: "upload", path: "a", type: "x/y", filename: "b" },
  },
  {
    name: "both the other way round",
    text: "f@a;type=x/y;filename=b",
    want: { kind: "upload", path: "a", type: "x/y", filename: "b" },
  },
  {
    name: "a type given twice: the first is part of the path",
    text: "f@a;type=b;type=x/y",
    want: { kind: "upload", path: "a;type=b", type: "x/y" },
  },
  {
    name: "a path with an escaped parameter",
    text: "f@a\\;type=b",
    want: { kind: "upload", path: "a;type=b" },
  },
  {
    name: "a path with another parameter",
    text: "f@a;size=1",
    want: { kind: "upload", path: "a;size=1" },
  },
  { name: "a file as the body", text: "@d.bin", want: { kind: "body-file", path: "d.bin" } },
  { name: "standard input as the body", text: "@-", want: { kind: "body-file", path: "-" } },
  {
    name: "a typed file as the body",
    text: "@d;type=a/b",
    want: { kind: "body-file", path: "d", type: "a/b" },
  },
])("parseItem() reads $name", ({ text, want }) => {
  expect(parseItem(text)).toMatchObject({ text, ...want });
});

test.each([
  { name: "an escaped at sign in a name", text: "a\\@b=c", key: "a@b", value: "c" },
  { name: "an escaped equals sign before the separator", text: "a\\==c", key: "a=", value: "c" },
  { name: "an escaped colon before :=", text: "a\\:=c", key: "a:", value: "c" },
  { name: "the second half of an escaped :=", text: "a:\\=c:d", key: "a", value: "=c:d" },
  {
    name: "an escaped separator in a value",
    text: "a=b\\=c\\:d\\@e\\;",
    key: "a",
    value: "b=c:d@e;",
  },
  { name: "an escaped at sign that would be a file", text: "a=\\@f", key: "a", value: "@f" },
  {
    name: "a backslash before an ordinary character",
    text: "d=C:\\temp\\new",
    key: "d",
    value: "C:\\temp\\new",
  },
  { name: "a backslash at the end", text: "d=C:\\temp\\", key: "d", value: "C:\\temp\\" },
  {
    name: "two backslashes, which HTTPie leaves",
    text: "a\\\\=\\\\x",
    key: "a\\\\",
    value: "\\\\x",
  },
  { name: "a backslash before a bracket", text: "a\\[b\\]=c", key: "a\\[b\\]", value: "c" },
])("parseItem() unescapes $name", ({ text, key, value }) => {
  expect(parseItem(text)).toMatchObject({ name: key, value });
});

test("parseItem() keeps JSON as it is typed", () => {
  const item = parseItem('n:={"b":9007199254740993,"a":1e400,"a":1.0}');
  expect(item.kind === "field-json" && printJson(item.node)).toBe(
    '{"b":9007199254740993,"a":1e400,"a":1.0}',
  );
});

test.each([
  { name: "no separator", text: "foo", offset: 3 },
  { name: "nothing at all", text: "", offset: 0 },
  { name: "only escaped separators", text: "a\\=b", offset: 4 },
  { name: "a value after the semicolon", text: "X-Bad;value", offset: 6 },
  { name: "a word for JSON", text: "j:={oops", offset: 4 },
  { name: "no JSON", text: "j:=", offset: 3 },
  { name: "text after JSON", text: "j:=1 2", offset: 5 },
  { name: "broken JSON after escapes", text: 'a\\:b:="\\:" x', offset: 11 },
  { name: "NaN, which HTTPie sends", text: "j:=NaN", offset: 3 },
  { name: "no path of an upload", text: "f@", offset: 2 },
  { name: "no path of a header", text: "X:@", offset: 3 },
  { name: "no path of the body", text: "@;type=a/b", offset: 10 },
  { name: "a type that is none", text: "f@x;type=zz", offset: 9 },
  { name: "a type that starts a header", text: "f@x;type=a/b\r\nX: y", offset: 9 },
])("parseItem() points at $name", ({ text, offset }) => {
  expect(() => parseItem(text)).toThrow(
    expect.objectContaining({
      code: "USAGE_BAD_ITEM",
      details: expect.objectContaining({ offset }),
      hint: expect.stringMatching(/^[A-Z]/),
    }),
  );
});

test.each([
  { name: "under the character", text: "j:={oops", offset: 4, want: "j:={oops\n    ^" },
  { name: "after the end", text: "foo", offset: 3, want: "foo\n   ^" },
  { name: "after wide characters", text: "名🐎=", offset: 3, want: "名🐎=\n    ^" },
  { name: "after a combining mark", text: "e\u0301x", offset: 2, want: "e\u0301x\n ^" },
  { name: "in an item of several lines", text: "a:=\n\t{x", offset: 6, want: "a:=␊␉{x\n      ^" },
])("itemError() draws a caret $name", ({ text, offset, want }) => {
  expect(itemError(text, { what: "is bad", offset, hint: "" }).details["frame"]).toBe(want);
});

test("itemError() shows the part around the place of a long item", () => {
  const text = `${"a".repeat(5000)}!${"b".repeat(5000)}`;
  const error = itemError(text, { what: "is bad", offset: 5000, hint: "" });
  const [shown = "", caret = ""] = String(error.details["frame"]).split("\n");
  expect(shown.length).toBeLessThan(80);
  expect(shown[caret.length - 1]).toBe("!");
  expect(shown).toMatch(/^…a+!b+…$/);
  expect(error.message).toContain("at character 5001");
});
