import { expect, test } from "bun:test";
import { printJson } from "../../../lib/base/json-tree.ts";
import { parseItem } from "../../../lib/items/grammar.ts";
import { GAP_LIMIT, nestJson } from "../../../lib/items/nested.ts";

function nest(...items: readonly string[]): string | undefined {
  const fields = items.map((text) => {
    const item = parseItem(text);
    if (item.kind === "field-json") return { text, name: item.name, value: item.node };
    if (item.kind !== "field") throw new Error(`${text} is no field`);
    return { text, name: item.name, value: { kind: "string", value: item.value } as const };
  });
  const node = nestJson(fields);
  return node === undefined ? undefined : printJson(node);
}

// Rows marked (HTTPie) were compared with HTTPie 3.2.1; 150,000 random names agreed as well.
test.each([
  { name: "no field", items: [], want: undefined },
  { name: "plain names in order", items: ["b=1", "a:=2", "1:=3"], want: '{"b":"1","a":2,"1":3}' },
  {
    name: "a later value at the place of the first",
    items: ["a=1", "b=2", "a=3"],
    want: '{"a":"3","b":"2"}',
  },
  { name: "an object", items: ["a[b][c]=1", "a[d]=2"], want: '{"a":{"b":{"c":"1"},"d":"2"}}' },
  { name: "appended values", items: ["l[]=one", "l[]:=2"], want: '{"l":["one",2]}' },
  { name: "a gap", items: ["l[0]=a", "l[3]=d"], want: '{"l":["a",null,null,"d"]}' },
  { name: "indexes out of order", items: ["l[1]=b", "l[0]=a"], want: '{"l":["a","b"]}' },
  { name: "an index taken twice", items: ["l[0]=a", "l[0]=b"], want: '{"l":["b"]}' },
  { name: "append after an index", items: ["l[2]=c", "l[]=d"], want: '{"l":[null,null,"c","d"]}' },
  {
    name: "a gap filled with an object",
    items: ["l[1]=b", "l[0][x]=a"],
    want: '{"l":[{"x":"a"},"b"]}',
  },
  {
    name: "a list of objects",
    items: ["p[0][n]=A", "p[0][m]:=1", "p[1][n]=B"],
    want: '{"p":[{"n":"A","m":1},{"n":"B"}]}',
  },
  { name: "an array as the body", items: ["[]=x", "[]:=2"], want: '["x",2]' },
  { name: "an index into the body", items: ["[2]=z"], want: '[null,null,"z"]' },
  {
    name: "a new object for each append",
    items: ["[][id]:=1", "[][id]:=2"],
    want: '[{"id":1},{"id":2}]',
  },
  {
    name: "arrays of arrays",
    items: ["k[]:=1", "k[][]:=2", "k[][][]:=3"],
    want: '{"k":[1,[2],[[3]]]}',
  },
  { name: "the empty name", items: ["=root", "a[b]=1"], want: '{"":"root","a":{"b":"1"}}' },
  { name: "an array under the empty name", items: [":=[1]", "a=b"], want: '{"":[1],"a":"b"}' },
  {
    name: "names with spaces and punctuation",
    items: ["a[b c][d-e][!]:=1"],
    want: '{"a":{"b c":{"d-e":{"!":1}}}}',
  },
  {
    name: "an escaped separator in a bracket",
    items: ["a[x\\=y]=1", "a[\\:]=2"],
    want: '{"a":{"x=y":"1",":":"2"}}',
  },
  {
    name: "escaped brackets",
    items: ["a\\[b\\]=1", "c[\\[d\\]]=2", "\\[\\]=3"],
    want: '{"a[b]":"1","c":{"[d]":"2"},"[]":"3"}',
  },
  { name: "escaped backslashes", items: ["a\\\\[b\\\\]=1"], want: '{"a\\\\":{"b\\\\":"1"}}' },
  {
    name: "backslashes before ordinary characters",
    items: ["a[\\n]=1"],
    want: '{"a":{"\\\\n":"1"}}',
  },
  {
    name: "a number as a name",
    items: ["a[\\1]=x", "\\5=y", "6[a]=z"],
    want: '{"a":{"1":"x"},"5":"y","6":{"a":"z"}}',
  },
  {
    name: "a number after an escaped backslash",
    items: ["a[\\\\1]=x"],
    want: '{"a":{"\\\\1":"x"}}',
  },
  { name: "a number with text", items: ["a[1b]=x"], want: '{"a":{"1b":"x"}}' },
  { name: "a plus sign before an index", items: ["a[+1]=x"], want: '{"a":[null,"x"]}' },
  {
    name: "a name of digits as typed, which HTTPie rewrites",
    items: ["005=x"],
    want: '{"005":"x"}',
  },
  {
    name: "a text replaced by an object",
    items: ["a=1", "a:={}", "a[b]=2"],
    want: '{"a":{"b":"2"}}',
  },
  { name: "an object replaced by a text", items: ["a[b]=1", "a=2"], want: '{"a":"2"}' },
  { name: "a raw array extended", items: ["a:=[1,2]", "a[]:=3", "a[0]:=0"], want: '{"a":[0,2,3]}' },
  {
    name: "a raw object extended twice, which HTTPie forgets",
    items: ['a:={"b":1}', "a[c]=2", "a[d]=3"],
    want: '{"a":{"b":1,"c":"2","d":"3"}}',
  },
  {
    name: "an object deep in a raw value",
    items: ['a:=[{"b":[1]}]', "a[0][b][]:=2"],
    want: '{"a":[{"b":[1,2]}]}',
  },
  {
    name: "the last of two members of one name",
    items: ['a:={"b":1,"b":2}', "a[b]:=3"],
    want: '{"a":{"b":1,"b":3}}',
  },
  {
    name: "members of one name that nobody touches",
    items: ['a:={"b":1,"b":2}'],
    want: '{"a":{"b":1,"b":2}}',
  },
  {
    name: "null made an object, where HTTPie loses the rest",
    items: ["x=1", "a:=null", "a[b]=1"],
    want: '{"x":"1","a":{"b":"1"}}',
  },
  {
    name: "numbers digit for digit",
    items: ["a[]:=9007199254740993", "a[]:=1e400", "a[]:=1.0", "a[]:=-0"],
    want: '{"a":[9007199254740993,1e400,1.0,-0]}',
  },
  {
    name: "keys that objects inherit",
    items: ["__proto__[x]=1", "constructor[prototype][y]=2", "toString=3", "a[__proto__]=4"],
    want: '{"__proto__":{"x":"1"},"constructor":{"prototype":{"y":"2"}},"toString":"3","a":{"__proto__":"4"}}',
  },
])("nestJson() makes $name", ({ items, want }) => {
  expect(nest(...items)).toBe(want);
  expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
});

test.each([
  { name: "a bracket that does not end", items: ["a[b=1"], offset: 3 },
  { name: "a bracket at the end", items: ["a[=1"], offset: 2 },
  { name: "a bracket in a bracket", items: ["a[[b]]=1"], offset: 2 },
  { name: "text after a bracket", items: ["a[b]c=1"], offset: 4 },
  { name: "a closing bracket alone", items: ["a]=1"], offset: 1 },
  { name: "a closing bracket first", items: ["]=1"], offset: 0 },
  { name: "a name in a bracket at the root", items: ["[a]=1"], offset: 1 },
  { name: "an escaped opening bracket", items: ["a\\[b]=1"], offset: 4 },
  { name: "a place after escaped separators", items: ["a\\:\\:[b=1"], offset: 7 },
  { name: "a negative index", items: ["a[-1]=x"], offset: 2 },
  { name: "an index that would take all memory", items: ["a[100000000]=x"], offset: 1 },
  { name: "an index beyond numbers", items: [`a[${"9".repeat(400)}]=x`], offset: 1 },
  { name: "gaps that add up", items: [`a[${GAP_LIMIT}]=x`, "a[]=y", "b[1]=x"], offset: 1 },
  { name: "gaps in gaps", items: [`a${`[${GAP_LIMIT / 2}]`.repeat(3)}=x`], offset: 15 },
  { name: "a name deeper than JSON may nest", items: [`a${"[b]".repeat(1000)}=x`], offset: 3001 },
])("nestJson() points at $name", ({ items, offset }) => {
  expect(() => nest(...items)).toThrow(
    expect.objectContaining({
      code: "USAGE_BAD_ITEM",
      details: expect.objectContaining({ offset }),
    }),
  );
});

test.each([
  { name: "a text as an object", items: ["a=1", "a[b]=2"], offset: 1 },
  { name: "a number as an array", items: ["a:=1", "a[]=2"], offset: 1 },
  { name: "a boolean as an array", items: ["a:=true", "a[0]=2"], offset: 1 },
  { name: "an object as an array", items: ["a[b]=1", "a[]=2"], offset: 1 },
  { name: "an array as an object", items: ["a[b][]=1", "a[b][c]=2"], offset: 4 },
  { name: "a numeric name of an array", items: ["a[]=1", "a[\\0]=2"], offset: 1 },
  { name: "the body as an array", items: ["a=1", "[]=2"], offset: 0 },
  { name: "the body as an object", items: ["[]=2", "a=1"], offset: 0 },
  { name: "a raw array as an object", items: ["a:=[]", "a[b]=1"], offset: 1 },
])("nestJson() refuses to take $name", ({ items, offset }) => {
  expect(() => nest(...items)).toThrow(
    expect.objectContaining({
      code: "USAGE_CONFLICT",
      details: expect.objectContaining({ offset }),
    }),
  );
});

test("nestJson() reads 20,000 fields without searching each among the others", () => {
  const items = Array.from({ length: 20_000 }, (_, at) => `k${at}[a]=x`);
  const body: unknown = JSON.parse(nest(...items, ...items) ?? "");
  expect(Object.keys(body ?? {})).toHaveLength(20_000);
}, 5_000);
