import { expect, test } from "bun:test";
import { utf8 } from "../../../lib/base/bytes.ts";
import { WeirError } from "../../../lib/base/errors.ts";
import { type CsvOptions, csvItems } from "../../../lib/results/csv-items.ts";
import { jsonItems } from "../../../lib/results/json-items.ts";
import { ndjsonItems } from "../../../lib/results/ndjson-items.ts";
import { codeAndHint } from "../../support/errors.ts";

/** Yields `text` in chunks of `size` bytes. */
async function* chunksOf(text: string | Uint8Array, size = 3): AsyncGenerator<Uint8Array> {
  const bytes = typeof text === "string" ? utf8(text) : text;
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.slice(at, at + size);
}

/** Returns the items, and the error that ended them. */
async function read(
  source: AsyncIterable<unknown>,
): Promise<{ readonly items: unknown[]; readonly error?: WeirError }> {
  const items: unknown[] = [];
  try {
    for await (const item of source) items.push(item);
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    return { items, error };
  }
  return { items };
}

test.each<{ name: string; path: string; text: string; want: unknown[] }>([
  {
    name: "a list",
    path: "$[*]",
    text: '[1,{"a":[2]},"x",null]',
    want: [1, { a: [2] }, "x", null],
  },
  {
    name: "a list in a map",
    path: "$.items[*]",
    text: '{"n":2,"items":[{"id":1},{"id":2}]}',
    want: [{ id: 1 }, { id: 2 }],
  },
  { name: "one value", path: "$.a", text: '{"a":{"b":1}}', want: [{ b: 1 }] },
  { name: "nothing", path: "$.items[*]", text: '{"items":[]}', want: [] },
])("jsonItems() yields $name", async ({ path, text, want }) => {
  expect(await read(jsonItems(chunksOf(text), path))).toEqual({ items: want });
});

test("jsonItems() yields what came before the text broke", async () => {
  const { items, error } = await read(jsonItems(chunksOf("[1,2,3", 1), "$[*]"));
  expect(items).toEqual([1, 2]);
  expect(error?.code).toBe("DATA_BAD_JSON");
});

test("jsonItems() refuses a path that needs the whole text at once", () => {
  const { code, hint } = codeAndHint(() => jsonItems(chunksOf("[]"), "$..a"));
  expect(code).toBe("SELECT_NOT_STREAMED");
  expect(hint).toContain("$.items[*]");
});

test("jsonItems() refuses an item of too many levels", async () => {
  const { error } = await read(
    jsonItems(chunksOf(`[${"[".repeat(1001)}${"]".repeat(1001)}]`), "$[*]"),
  );
  expect(error?.code).toBe("BODY_TOO_LARGE");
});

test.each<{ name: string; text: string; want: unknown[] }>([
  { name: "lines", text: '{"a":1}\n[2]\n"x"\n', want: [{ a: 1 }, [2], "x"] },
  { name: "a last line without an end", text: "1\n2", want: [1, 2] },
  { name: "lines that end with CRLF", text: "1\r\n2\r\n", want: [1, 2] },
  { name: "nothing for blank lines", text: "\n1\n\n \n2\n\n", want: [1, 2] },
  { name: "what follows a byte order mark", text: "\uFEFF1\n2", want: [1, 2] },
  { name: "nothing", text: "", want: [] },
])("ndjsonItems() yields $name", async ({ text, want }) => {
  for (const size of [1, 3, 1000]) {
    expect(await read(ndjsonItems(chunksOf(text, size)))).toEqual({ items: want });
  }
});

test.each([
  { name: "a word that is none", text: '1\n\n{"a":nope}\n2', line: 3, column: 6 },
  { name: "a line that ends too early", text: "[1,2\n2", line: 1, column: 5 },
  { name: "two values on a line", text: "1\n2 3\n", line: 2, column: 3 },
  { name: "levels without end", text: `1\n${"[".repeat(100_000)}`, line: 2, column: undefined },
  {
    name: "too many levels",
    text: `1\n2\n${"[".repeat(2000)}${"]".repeat(2000)}`,
    line: 3,
    column: undefined,
  },
])("ndjsonItems() tells line and column of $name", async ({ text, line, column }) => {
  const { error } = await read(ndjsonItems(chunksOf(text, 7)));
  expect(error?.code).toBe("DATA_BAD_JSON");
  expect(error?.details["line"]).toBe(line);
  if (column !== undefined) expect(error?.details["column"]).toBe(column);
});

test.each([
  { name: "NDJSON", items: ndjsonItems, text: new Uint8Array([49, 10, 34, 0xff, 34, 10]) },
  { name: "CSV", items: csvItems, text: new Uint8Array([97, 10, 0xff, 10]) },
])("$name that is no UTF-8 is an error with its line", async ({ items, text }) => {
  const { error } = await read(items(chunksOf(text, 1)));
  expect(error).toMatchObject({ code: "DATA_NOT_UTF8", details: { line: 2 } });
});

test.each<{ name: string; text: string; want: unknown[]; options?: CsvOptions }>([
  {
    name: "rows",
    text: "a,b\n1,2\n3,4\n",
    want: [
      { a: "1", b: "2" },
      { a: "3", b: "4" },
    ],
  },
  { name: "rows that end with CRLF", text: "a,b\r\n1,2\r\n", want: [{ a: "1", b: "2" }] },
  { name: "a last row without an end", text: "a,b\n1,", want: [{ a: "1", b: "" }] },
  {
    name: "quoted fields",
    text: 'a,b\n"x, ""y""","1\r\n2"\r\n',
    want: [{ a: 'x, "y"', b: "1\r\n2" }],
  },
  { name: "empty quoted fields", text: 'a\n""\n', want: [{ a: "" }] },
  { name: "nothing for empty lines", text: "a,b\n\n1,2\n\r\n", want: [{ a: "1", b: "2" }] },
  { name: "what follows a byte order mark", text: "\uFEFFa\n1\n", want: [{ a: "1" }] },
  {
    name: "another delimiter",
    text: "a;b\n1,5;2\n",
    want: [{ a: "1,5", b: "2" }],
    options: { delimiter: ";" },
  },
  { name: "spaces as they are", text: "a, b\n 1 , 2\n", want: [{ a: " 1 ", " b": " 2" }] },
  { name: "nothing without a header", text: "", want: [] },
])("csvItems() yields $name", async ({ text, want, options }) => {
  for (const size of [1, 2, 1000]) {
    expect(await read(csvItems(chunksOf(text, size), options))).toEqual({ items: want });
  }
});

test("csvItems() takes __proto__ as a name like any other", async () => {
  const { items } = await read(csvItems(chunksOf("__proto__,a\nx,y\n")));
  expect(Object.entries(items[0] ?? {})).toEqual([
    ["__proto__", "x"],
    ["a", "y"],
  ]);
});

test.each([
  { name: "a field too few", text: "a,b\n1,2\n3\n", line: 3 },
  { name: "a field too many", text: 'a,b\n"1\n2",2\n3,4,5\n', line: 4 },
  { name: "a quote inside a field", text: 'a,b\n1,x"y\n', line: 2 },
  { name: "text behind a quoted field", text: 'a,b\n1,"x"y\n', line: 2 },
  { name: "a return behind a quoted field", text: 'a\n"x"\ry\n', line: 2 },
  { name: "a quote that does not end", text: 'a,b\n1,2\n3,"x\ny\n', line: 3 },
  { name: "two columns of one name", text: "a,a\n1,2\n", line: 1 },
])("csvItems() tells the line of $name", async ({ text, line }) => {
  for (const size of [1, 1000]) {
    const { error } = await read(csvItems(chunksOf(text, size)));
    expect(error).toMatchObject({ code: "DATA_BAD_CSV", details: { line } });
  }
});

test.each(["", ",,", '"', "\n"])("csvItems() refuses %j as a delimiter", async (delimiter) => {
  const { error } = await read(csvItems(chunksOf("a\n1\n"), { delimiter }));
  expect(error?.code).toBe("DATA_BAD_CSV");
});
