import { expect, test } from "bun:test";
import fc from "fast-check";
import { parse } from "smol-toml";
import { indexKeys, type KeyPath, textBefore } from "../../../lib/config/locate.ts";

const TRICKY = `# [not] = "a table"
title = "a # b [c] = d" # comment
"quoted.key" = 1
'lit "eral' = 2
"esc\\u0041\\"x" = 3
a.b . "c" = 4
date = 1979-05-27 07:32:00 # with a space
time = 07:32:00
text = """
[fake]
key = "x" \\""" ""still"""""
raw = '''
[fake2] '' '''''
list = [
  1, # one ]
  "two, ]", [3, { x = "}" }],
  1979-05-27 07:32:00, 2,
]
inline = { p = 1, q.r = [ { s = 2 } ], "t" = { u = 3 } }

[server.east]
port = 1
[ server . "we.st" ]
port = 2
[server]
name = "after"
[[rule]]
host = "a"
[rule.sub]
deep = 1
[[rule]]
host = "b"
[[rule.item]]
n = 1
[[rule.item]]
n = 2
[__proto__]
constructor = 1
`;

test.each<{ name: string; path: KeyPath; key: string; value?: string }>([
  { name: "a plain key", path: ["title"], key: "2:1", value: "2:9" },
  { name: "a quoted key with a dot", path: ["quoted.key"], key: "3:1", value: "3:16" },
  { name: "a literal key", path: ['lit "eral'], key: "4:1", value: "4:15" },
  { name: "a key with escapes", path: ['escA"x'], key: "5:1", value: "5:18" },
  { name: "a part of a dotted key", path: ["a", "b"], key: "6:3" },
  { name: "the last part of a dotted key", path: ["a", "b", "c"], key: "6:7", value: "6:13" },
  { name: "the key after a date with a space", path: ["time"], key: "8:1", value: "8:8" },
  { name: "the key after a string of several lines", path: ["raw"], key: "12:1", value: "12:7" },
  { name: "the key after a literal of several lines", path: ["list"], key: "14:1" },
  { name: "an element on its own line", path: ["list", 0], key: "15:3" },
  { name: "an element after a comment", path: ["list", 1], key: "16:3" },
  { name: "an inner element", path: ["list", 2, 0], key: "16:14" },
  { name: "a key in a table in a list", path: ["list", 2, 1, "x"], key: "16:19", value: "16:23" },
  { name: "an element after a date", path: ["list", 4], key: "17:24" },
  { name: "a key of an inline table", path: ["inline", "p"], key: "19:12", value: "19:16" },
  { name: "a dotted key there", path: ["inline", "q", "r", 0, "s"], key: "19:29" },
  { name: "a table in a table", path: ["inline", "t", "u"], key: "19:48", value: "19:52" },
  { name: "a table by its header", path: ["server", "east"], key: "21:9", value: "21:9" },
  { name: "a quoted header with spaces", path: ["server", "we.st", "port"], key: "24:1" },
  { name: "a table by its own header, not a child's", path: ["server"], key: "25:2" },
  { name: "the first element of a list of tables", path: ["rule", 0], key: "27:3" },
  { name: "a table in that element", path: ["rule", 0, "sub", "deep"], key: "30:1" },
  { name: "the second element", path: ["rule", 1, "host"], key: "32:1", value: "32:8" },
  { name: "a list of tables in it", path: ["rule", 1, "item", 1, "n"], key: "36:1" },
  { name: "__proto__ as a name", path: ["__proto__", "constructor"], key: "38:1" },
  { name: "the table of a key that is missing", path: ["rule", 1, "none", 3], key: "31:3" },
  { name: "the start for a path that is nowhere", path: ["nowhere"], key: "1:1", value: "1:1" },
])("indexKeys() finds $name", ({ path, key, value }) => {
  const index = indexKeys(TRICKY);
  const at = index.keyPlace(path);
  expect(`${at.line}:${at.column}`).toBe(key);
  if (value === undefined) return;
  const of = index.valuePlace(path);
  expect(`${of.line}:${of.column}`).toBe(value);
});

test("the tricky text is TOML", () => {
  expect(Object.keys(parse(TRICKY))).toContain("rule");
});

test("indexKeys() counts lines of CRLF text and columns in UTF-16 units", () => {
  const index = indexKeys('a = "😀"\r\n"😀" = { b = 1 }\r\n');
  expect(index.valuePlace(["😀", "b"])).toEqual({ line: 2, column: 14 });
});

// A document is built together with the places of its keys: the oracle is the writer.
interface Draft {
  text: string;
  readonly marks: [KeyPath, string][];
}

type Write = (draft: Draft, path: KeyPath) => void;

function mark(draft: Draft, path: KeyPath): void {
  const lines = draft.text.split("\n");
  draft.marks.push([path, `${lines.length}:${(lines.at(-1) ?? "").length + 1}`]);
}

const scalar = fc.constantFrom(
  "1",
  "-0.5e3",
  "0xFF",
  "true",
  "1979-05-27 07:32:00.5",
  "07:32:00",
  '""',
  '"# ] } = , \\" \\\\"',
  "'''\n[x]\n# ''x'''''",
  '"""\\\n  a = "" b \\""""""',
  "'a \\'",
);
const blank = fc.constantFrom("", " ", "\n", ' # x ] , "\n', "\t");

const value: fc.Memo<Write> = fc.memo((depth) => {
  const leaf = scalar.map(
    (text): Write =>
      (draft) =>
        void (draft.text += text),
  );
  if (depth <= 1) return leaf;
  const array = fc
    .tuple(fc.array(value(depth - 1), { maxLength: 3 }), blank)
    .map(([items, space]): Write => (draft, path) => {
      draft.text += "[";
      items.forEach((item, at) => {
        draft.text += space;
        mark(draft, [...path, at]);
        item(draft, [...path, at]);
        draft.text += `${space},`;
      });
      draft.text += `${space}]`;
    });
  const inline = fc
    .array(value(depth - 1), { maxLength: 3 })
    .map((items): Write => (draft, path) => {
      draft.text += "{";
      items.forEach((item, at) => {
        draft.text += at === 0 ? " " : " , ";
        writePair(draft, path, [`k${at}`, "é.", "z"].slice(0, 1 + (at % 3)), item);
      });
      draft.text += " }";
    });
  return fc.oneof(leaf, array, inline);
});

function writeName(draft: Draft, name: string): void {
  draft.text += /^[\w-]+$/.test(name) ? name : JSON.stringify(name);
}

function writeNames(draft: Draft, path: KeyPath, names: readonly string[]): KeyPath {
  let at = path;
  names.forEach((name, index) => {
    draft.text += index === 0 ? "" : " .";
    at = [...at, name];
    if (!draft.marks.some(([known]) => known.join("\0") === at.join("\0"))) mark(draft, at);
    writeName(draft, name);
  });
  return at;
}

function writePair(draft: Draft, path: KeyPath, names: readonly string[], write: Write): void {
  const at = writeNames(draft, path, names);
  draft.text += " = ";
  write(draft, at);
}

const name = fc.constantFrom("a", "b-c", "__proto__", "x.y", "ü", '"', "#", "");
const pairs = fc.uniqueArray(fc.tuple(name, name, value(3)), {
  maxLength: 4,
  selector: ([first]) => first,
});
const section = fc.record({ isList: fc.boolean(), name, pairs, space: blank });

function build(sections: readonly (typeof section extends fc.Arbitrary<infer T> ? T : never)[]) {
  const draft: Draft = { text: "", marks: [] };
  const counts = new Map<string, number>();
  for (const one of sections) {
    const top = one.isList ? `list ${one.name}` : `table ${one.name}`;
    const count = counts.get(top) ?? 0;
    if (count > 0 && !one.isList) continue;
    counts.set(top, count + 1);
    draft.text += one.isList ? "\n[[" : "\n[";
    let path: KeyPath = [top];
    if (count === 0) mark(draft, path);
    if (one.isList) mark(draft, (path = [top, count]));
    writeName(draft, top);
    draft.text += one.isList ? "]]\n" : "]\n";
    for (const [first, second, write] of one.pairs) {
      writePair(draft, path, second === "" ? [first] : [first, second], write);
      draft.text += " # end\n";
    }
  }
  return draft;
}

function pathsOf(tree: unknown, path: KeyPath = []): KeyPath[] {
  if (typeof tree !== "object" || tree === null || tree instanceof Date) return [path];
  const entries = Array.isArray(tree)
    ? tree.map((item: unknown, at) => [at, item] as const)
    : Object.entries(tree);
  return [path, ...entries.flatMap(([key, item]) => pathsOf(item, [...path, key]))];
}

test("indexKeys() agrees with the writer of generated documents", () => {
  fc.assert(
    fc.property(fc.array(section, { maxLength: 5 }), (sections) => {
      const { text, marks } = build(sections);
      const written = new Map(marks.map(([path, place]) => [JSON.stringify(path), place]));
      const index = indexKeys(text);
      for (const path of pathsOf(parse(text))) {
        const { line, column } = index.keyPlace(path);
        expect([path, `${line}:${column}`]).toEqual([
          path,
          path.length === 0 ? "1:1" : (written.get(JSON.stringify(path)) ?? "unmarked"),
        ]);
      }
    }),
    { numRuns: 300 },
  );
});

test("indexKeys() ends on any text, at once", () => {
  const piece = fc.constantFrom("[", "]", "{", "}", '"', "'", "=", ".", ",", "#", "\n", "\\", "a");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      indexKeys(pieces.join("")).keyPlace(["a"]);
    }),
    { numRuns: 2000 },
  );
});

test.each([
  {
    name: "10,000 keys",
    text: Array.from({ length: 10_000 }, (_, at) => `k${at} = "v"\n`).join(""),
  },
  { name: "100,000 comments", text: "# x\n\n".repeat(100_000) },
  { name: "a name of 100,000 parts", text: `[${"a.".repeat(100_000)}b]\n${"c = 1\n".repeat(10)}` },
  { name: "a string of a megabyte", text: `a = """${"x\n".repeat(500_000)}"""` },
  { name: "100,000 elements", text: `a = [${"1,\n".repeat(100_000)}]` },
])("indexKeys() reads $name without becoming slow", ({ text }) => {
  const start = performance.now();
  indexKeys(text).keyPlace(["a"]);
  expect(performance.now() - start).toBeLessThan(2000);
});

test("indexKeys() of a cut text tells the key that was being read", () => {
  expect(indexKeys('[a.b]\nc = 1\n[[d]]\n"e.f" = { g = "x').lastPath).toEqual(["d", 0, "e.f", "g"]);
});

test("textBefore() cuts in front of the place", () => {
  expect(textBefore("ab\ncd\nef", { line: 2, column: 2 })).toBe("ab\nc");
  expect(textBefore("ab", { line: 1, column: 1 })).toBe("");
});
