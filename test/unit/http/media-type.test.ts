import { expect, test } from "bun:test";
import { charsetOf, isJson, isText, parseMediaType } from "../../../lib/http/media-type.ts";
import { mediaTypeOfFile } from "../../../lib/http/mime-types.ts";

test.each([
  { name: "type alone", text: "Text/HTML", want: ["text", "html", {}] },
  {
    name: "a parameter",
    text: "text/html;charset=UTF-8",
    want: ["text", "html", { charset: "UTF-8" }],
  },
  {
    name: "white space",
    text: " text/html ; Charset = x; a=b ",
    want: ["text", "html", { a: "b" }],
  },
  {
    name: "a quoted string",
    text: 'a/b; x="c;\\"d\\\\"; y=z',
    want: ["a", "b", { x: 'c;"d\\', y: "z" }],
  },
  { name: "a repeated parameter", text: "a/b; x=1; X=2", want: ["a", "b", { x: "1" }] },
  {
    name: "empty and broken parameters",
    text: "a/b;; foo; =x; ;y=1",
    want: ["a", "b", { y: "1" }],
  },
  {
    name: "a quote that does not end",
    text: 'a/b; x="c; y=1',
    want: ["a", "b", { x: "", y: "1" }],
  },
])("parseMediaType() reads $name", ({ text, want }) => {
  const media = parseMediaType(text);
  const parameters = Object.fromEntries(media?.parameters ?? []);
  expect<unknown>([media?.type, media?.subtype, parameters]).toEqual(want);
});

test("parseMediaType() returns undefined for what names no type", () => {
  for (const text of ["", "text", "text/", "/html", "a/b/c", "te xt/html", "; charset=utf-8"]) {
    expect(parseMediaType(text)).toBeUndefined();
  }
});

test("parseMediaType() reads a quoted string of as many escapes as headers may hold", () => {
  const media = parseMediaType(`a/b; x="${"\\a".repeat(130_000)}"`);
  expect(media?.parameters.get("x")).toHaveLength(130_000);
});

test("isJson() is true for JSON and structured types on it, not for lines of JSON", () => {
  const types = ["application/json", "application/problem+json; charset=utf-8", "text/json"];
  expect(types.every(isJson)).toBe(true);
  const others = [
    "application/x-ndjson",
    "application/jsonp",
    "text/html",
    "",
    "application/json5",
  ];
  expect(others.some(isJson)).toBe(false);
});

test("isText() is true for what can be shown", () => {
  const types = [
    "text/csv",
    "application/json",
    "image/svg+xml",
    "application/xml",
    "application/x-ndjson",
    "application/javascript",
    "application/yaml",
  ];
  expect(types.filter((type) => !isText(type))).toEqual([]);
  const others = ["image/png", "application/octet-stream", "application/zip", ""];
  expect(others.filter(isText)).toEqual([]);
});

test("charsetOf() returns the charset in lower case or undefined", () => {
  expect(charsetOf('text/html; charset="ISO-8859-1"')).toBe("iso-8859-1");
  expect(charsetOf("text/html; charset=")).toBeUndefined();
  expect(charsetOf("text/html")).toBeUndefined();
});

test.each([
  { name: "text", path: "d.txt", want: "text/plain" },
  { name: "an upper-case extension", path: "a/b/D.JSON", want: "application/json" },
  { name: "the last of two extensions", path: "x.tar.gz", want: "application/gzip" },
  { name: "no extension", path: "dir.txt/README", want: undefined },
  { name: "a name that is an extension", path: "json", want: undefined },
  { name: "an unknown extension", path: "x.unknown", want: undefined },
  { name: "an extension that objects inherit", path: "x.constructor", want: undefined },
])("mediaTypeOfFile() $name", ({ path, want }) => {
  expect(mediaTypeOfFile(path)).toBe(want);
});
