import { describe, expect, test } from "bun:test";
import { utf8 } from "../../../lib/base/bytes.ts";
import { compileSelect, type Selected } from "../../../lib/results/select.ts";
import { codeAndHint } from "../../support/errors.ts";

const CAP_BYTES = 65_536;

function select(text: string | Uint8Array, ...paths: readonly string[]): Selected {
  const plan = compileSelect(paths.map((path, at) => ({ path, as: `f${at}` })));
  const selection = plan.selection(CAP_BYTES);
  selection.write(typeof text === "string" ? utf8(text) : text);
  return selection.end();
}

/** What one path finds. */
function found(text: string | Uint8Array, path: string): unknown {
  return select(text, path).extracted["f0"];
}

const PAGE =
  '{"items":[{"id":1,"tags":["a","b"]},{"id":2},{"no":3}],"paging":{"more":false,"next":null}}';

test.each([
  { name: "a member", path: "$.paging.more", want: false },
  { name: "a member whose value is null", path: "$.paging.next", want: null },
  { name: "a member that is missing: null", path: "$.paging.total", want: null },
  { name: "a path through a scalar: null", path: "$.paging.more.x", want: null },
  { name: "an item", path: "$.items[1]", want: { id: 2 } },
  { name: "an item behind the end: null", path: "$.items[9].id", want: null },
  { name: "a name on an array: null", path: "$.items.length", want: null },
  { name: "an index on an object: null", path: "$.paging[0]", want: null },
  { name: "a list of what is there", path: "$.items[*].id", want: [1, 2] },
  { name: "a list of one for a path with [*]", path: "$.items[*].no", want: [3] },
  { name: "an empty list for a path with [*]", path: "$.items[*].x", want: [] },
  { name: "lists in lists", path: "$.items[*].tags[*]", want: ["a", "b"] },
  { name: "members of an object", path: "$.paging.*", want: [false, null] },
  { name: "names in brackets", path: "$['items'][0][\"id\"]", want: 1 },
  { name: "an index from the end, which is not streamed", path: "$.items[-1].no", want: 3 },
  { name: "a slice, which is not streamed", path: "$.items[:2].id", want: [1, 2] },
  { name: "descendants, which are not streamed", path: "$..id", want: [1, 2] },
  { name: "a filter, which is not streamed", path: "$.items[?@.id == 2].id", want: [2] },
  {
    name: "several names, which are not streamed",
    path: "$.paging['more','next']",
    want: [false, null],
  },
])("NO57 select takes $name", ({ path, want }) => {
  expect(found(PAGE, path)).toEqual(want);
});

test("NO57 fields overlap: a value, what is in it, and the whole body", () => {
  const { extracted } = select(PAGE, "$.items[0]", "$.items[0].id", "$.items[*].tags[1]", "$");
  expect(extracted).toEqual({
    f0: { id: 1, tags: ["a", "b"] },
    f1: 1,
    f2: ["b"],
    f3: JSON.parse(PAGE),
  });
});

test.each([
  { name: "the last of two keys", text: '{"a":1,"a":2}', path: "$.a", want: 2 },
  {
    name: "nothing when the last of two keys has nothing",
    text: '{"a":{"b":1},"a":{}}',
    path: "$.a.b",
    want: null,
  },
  {
    name: "the last of two keys below [*]",
    text: '[{"a":1,"b":0,"a":3}]',
    path: "$[*].a",
    want: [3],
  },
  { name: "the last of two keys under .*", text: '{"a":1,"b":2,"a":3}', path: "$.*", want: [2, 3] },
  { name: "a key with escapes", text: String.raw`{"\u0061\/":1}`, path: "$['a/']", want: 1 },
  {
    name: "__proto__ as a key like any other",
    text: '{"__proto__":{"x":1}}',
    path: "$.__proto__.x",
    want: 1,
  },
  { name: "no inherited key", text: "{}", path: "$.constructor", want: null },
  {
    name: "a lone surrogate as it is",
    text: String.raw`{"a":"\ud800"}`,
    path: "$.a",
    want: "\ud800",
  },
  { name: "a number too large for a double", text: '{"a":1e999}', path: "$.a", want: Infinity },
  { name: "behind a byte order mark", text: '\uFEFF{"a":1}', path: "$.a", want: 1 },
  { name: "a scalar that is the whole body", text: " 12 ", path: "$", want: 12 },
])("NO57 select takes $name", ({ text, path, want }) => {
  expect(found(text, path)).toEqual(want);
  expect(Object.hasOwn(Object.prototype, "x")).toBe(false);
});

test("select takes bytes that are no UTF-8 as replacement characters", () => {
  const bytes = new Uint8Array([...utf8('{"a":"'), 0xff, ...utf8('"}')]);
  expect(found(bytes, "$.a")).toBe("\uFFFD");
});

test.each([
  { name: "HTML", text: "<html></html>" },
  { name: "nothing", text: "" },
  { name: "a text that ends too early", text: '{"a":1,"b":[1,2' },
  { name: "an unended string", text: '{"a":"x' },
  { name: "two values", text: '{"a":1} {"a":2}' },
  { name: "a comma too many", text: '{"a":1,}' },
  { name: "a missing comma", text: '{"a":1 "b":2}' },
  { name: "half a byte order mark", text: "\u00ef" },
  { name: "a selected word that is none", text: '{"a":nope}' },
])("NO57 a body that is not JSON gives null and a note: $name", ({ text }) => {
  for (const path of ["$.a", "$..a"]) {
    const { extracted, notes } = select(text, path);
    expect(extracted).toEqual({ f0: null });
    expect(notes).toHaveLength(1);
  }
});

describe("hostile bodies", () => {
  const deep = "[".repeat(1_000_000);

  test("a million levels are skipped", () => {
    const text = `{"x":${deep}${"]".repeat(1_000_000)},"a":1}`;
    expect(found(text, "$.a")).toBe(1);
  });

  test("a million levels that never end are no JSON", () => {
    expect(select(`{"x":${deep}`, "$.a").notes).toHaveLength(1);
  });

  test.each(["$.x", "$..y"])("a value of too many levels is refused: %s", (path) => {
    const text = `{"x":${"[".repeat(2000)}${"]".repeat(2000)}}`;
    const { code, message } = codeAndHint(() => select(text, path));
    expect(code).toBe("SELECT_TOO_LARGE");
    expect(message).toContain('"f0"');
  });

  test("a long string is skipped, and a long key is none that was asked for", () => {
    const long = "x".repeat(2_000_000);
    expect(found(`{"${long}":"${long}","a":1}`, "$.a")).toBe(1);
  });

  test("the keys that are remembered are bounded", () => {
    const members = Array.from({ length: 30_000 }, (_, at) => `"${at}${"k".repeat(200)}":1`);
    expect(codeAndHint(() => select(`{${members.join()}}`, "$.*")).code).toBe("SELECT_TOO_LARGE");
  });
});

test.each([
  { name: "one value, streamed", path: "$.a", text: `{"a":"${"x".repeat(CAP_BYTES)}"}` },
  { name: "one value, held", path: "$.a[-1]", text: `{"a":["${"x".repeat(CAP_BYTES)}"]}` },
  { name: "a list, streamed", path: "$[*]", text: `[${"1234567,".repeat(9000)}1]` },
  { name: "a list, held", path: "$..*", text: `[${"1234567,".repeat(9000)}1]` },
])("NO57 a field above the cap is an error that names it: $name", ({ path, text }) => {
  const { code, message, hint } = codeAndHint(() => select(text, path));
  expect(code).toBe("SELECT_TOO_LARGE");
  expect(message).toContain('"f0"');
  expect(message).toContain(String(CAP_BYTES));
  expect(hint).toContain("inline_max_bytes");
});

test("a field as large as the cap is taken, in one chunk or in many", () => {
  const text = `"${"x".repeat(CAP_BYTES - 2)}"`;
  expect(found(text, "$")).toBe(JSON.parse(text));
  const selection = compileSelect([{ path: "$", as: "all" }]).selection(CAP_BYTES);
  for (const byte of utf8(text)) selection.write(Uint8Array.of(byte));
  expect(selection.end().extracted).toEqual({ all: JSON.parse(text) });
});

test.each([
  { path: "$.a[", offset: 4 },
  { path: "a.b", offset: 0 },
  { path: "$.a b", offset: 4 },
  { path: "$[01]", offset: 2 },
  { path: `$${"[?@".repeat(100_000)}`, offset: undefined },
])("NO57 a path that cannot be read is an error at its offset: $path", ({ path, offset }) => {
  const { code, message } = codeAndHint(() => compileSelect([{ path, as: "x" }]));
  expect(code).toBe("SELECT_BAD_PATH");
  if (offset !== undefined) expect(message).toContain(`at offset ${offset}`);
});

test("two fields of one name are an error", () => {
  const fields = [
    { path: "$.a", as: "x" },
    { path: "$.b", as: "x" },
  ];
  expect(codeAndHint(() => compileSelect(fields)).code).toBe("SELECT_BAD_PATH");
});

describe("a body above 64 MiB", () => {
  const block = utf8(`"${"x".repeat(1024 * 1024)}",`);

  function selectLarge(path: string): Selected {
    const selection = compileSelect([{ path, as: "more" }]).selection(CAP_BYTES);
    selection.write(utf8('{"items":['));
    for (let at = 0; at < 65; at += 1) selection.write(block);
    selection.write(utf8('1],"more":true}'));
    return selection.end();
  }

  test("NO57 is read as a stream", () => {
    expect(selectLarge("$.more").extracted).toEqual({ more: true });
  });

  test("NO57 has no other paths: an error that says which are there", () => {
    const { code, message, hint } = codeAndHint(() => selectLarge("$..more"));
    expect(code).toBe("SELECT_NOT_STREAMED");
    expect(message).toContain("$..more");
    expect(hint).toContain("[*]");
  });

  test("NO57 is refused before it is read when its size is known", () => {
    const plan = compileSelect([{ path: "$..more", as: "more" }]);
    expect(codeAndHint(() => plan.checkSize(64 * 1024 * 1024 + 1)).code).toBe(
      "SELECT_NOT_STREAMED",
    );
    plan.checkSize(64 * 1024 * 1024);
  });
});
