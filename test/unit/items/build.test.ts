import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { collectBytes } from "../../../lib/base/bytes.ts";
import { type Body, bodyLength, readBody } from "../../../lib/http/body.ts";
import { headerValue } from "../../../lib/http/headers.ts";
import {
  ANY_ACCEPT,
  buildRequest,
  type BuiltRequest,
  JSON_ACCEPT,
} from "../../../lib/items/build.ts";
import { parseItem } from "../../../lib/items/grammar.ts";
import type { ItemPorts } from "../../../lib/items/item-files.ts";
import type { BuildOptions } from "../../../lib/items/options.ts";
import { usesStdin } from "../../../lib/items/sources.ts";
import { detectRuntime } from "../../../lib/runtime/detect.ts";
import { memoryPorts } from "./ports.ts";

function build(
  items: readonly string[],
  options: BuildOptions = {},
  ports: ItemPorts = memoryPorts(),
): Promise<BuiltRequest> {
  return buildRequest(items.map(parseItem), options, ports);
}

/** What the promise is rejected with. */
async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  const failed = await promise.then(
    () => [],
    (error: unknown) => [error],
  );
  expect(failed).toHaveLength(1);
  return failed[0];
}

async function textOf(body: Body): Promise<string> {
  return new TextDecoder().decode(await collectBytes(readBody(body)));
}

async function bodyOf(...args: Parameters<typeof build>): Promise<string> {
  return textOf((await build(...args)).body);
}

const FORM = "application/x-www-form-urlencoded; charset=utf-8";
const BOUNDARY = "ab".repeat(16);

test.each([
  { name: "nothing", items: [], options: {}, accept: ANY_ACCEPT, type: undefined, hasBody: false },
  {
    name: "headers and query only",
    items: ["X:1", "q==1"],
    options: {},
    accept: ANY_ACCEPT,
    type: undefined,
    hasBody: false,
  },
  {
    name: "fields",
    items: ["a=1"],
    options: {},
    accept: JSON_ACCEPT,
    type: "application/json",
    hasBody: true,
  },
  {
    name: "--json without a body",
    items: [],
    options: { mode: "json" },
    accept: JSON_ACCEPT,
    type: "application/json",
    hasBody: false,
  },
  {
    name: "--form with fields",
    items: ["a=1"],
    options: { mode: "form" },
    accept: ANY_ACCEPT,
    type: FORM,
    hasBody: true,
  },
  {
    name: "--form without a body",
    items: [],
    options: { mode: "form" },
    accept: ANY_ACCEPT,
    type: FORM,
    hasBody: false,
  },
  {
    name: "--form with a file",
    items: ["f@a.txt"],
    options: { mode: "form" },
    accept: ANY_ACCEPT,
    type: `multipart/form-data; boundary=${BOUNDARY}`,
    hasBody: true,
  },
  {
    name: "--multipart with fields",
    items: ["a=1"],
    options: { mode: "multipart" },
    accept: ANY_ACCEPT,
    type: `multipart/form-data; boundary=${BOUNDARY}`,
    hasBody: true,
  },
  {
    name: "--multipart without fields",
    items: [],
    options: { mode: "multipart" },
    accept: ANY_ACCEPT,
    type: undefined,
    hasBody: false,
  },
  {
    name: "--raw",
    items: [],
    options: { raw: "hi" },
    accept: JSON_ACCEPT,
    type: "application/json",
    hasBody: true,
  },
  {
    name: "--raw with --form",
    items: [],
    options: { raw: "a=b", mode: "form" },
    accept: ANY_ACCEPT,
    type: FORM,
    hasBody: true,
  },
  {
    name: "an empty --raw",
    items: [],
    options: { raw: "" },
    accept: ANY_ACCEPT,
    type: undefined,
    hasBody: true,
  },
  {
    name: "standard input",
    items: [],
    options: { isStdinBody: true },
    accept: JSON_ACCEPT,
    type: "application/json",
    hasBody: true,
  },
  {
    name: "a text file",
    items: ["@a.txt"],
    options: {},
    accept: JSON_ACCEPT,
    type: "text/plain",
    hasBody: true,
  },
  {
    name: "a file of unknown type",
    items: ["@b.unknown"],
    options: {},
    accept: JSON_ACCEPT,
    type: "application/json",
    hasBody: true,
  },
  {
    name: "a file with a typed type",
    items: ["@a.txt;type=a/b"],
    options: {},
    accept: JSON_ACCEPT,
    type: "a/b",
    hasBody: true,
  },
] as const)(
  "buildRequest() sets the default headers for $name",
  async ({ items, options, accept, type, hasBody }) => {
    const built = await build(
      items,
      options,
      memoryPorts({ "a.txt": "A", "b.unknown": "B" }, "in"),
    );
    expect(headerValue(built.defaults, "Accept")).toBe(accept);
    expect(headerValue(built.defaults, "Content-Type")).toBe(type);
    expect(built.hasBody).toBe(hasBody);
  },
);

test("buildRequest() makes JSON of fields, files among them", async () => {
  const ports = memoryPorts({ "t.txt": "line1\nline2\n", "j.json": '\ufeff{"n": 1.0}\n' });
  const items = ["t=@t.txt", "a[j]:=@j.json", "n:=9007199254740993", "名=žluť 🐎"];
  expect(await bodyOf(items, {}, ports)).toBe(
    '{"t":"line1\\nline2\\n","a":{"j":{"n":1.0}},"n":9007199254740993,"名":"žluť 🐎"}',
  );
});

test("buildRequest() keeps fields of a form in order, brackets and numbers as typed", async () => {
  const ports = memoryPorts({ "t.txt": "x\n", "j.json": '"s"' });
  const items = ["a[b]=two words", "l[]:=1.0", "a[b]:=true", 'q:="é"', "t=@t.txt", "j:=@j.json"];
  expect(await bodyOf(items, { mode: "form" }, ports)).toBe(
    "a%5Bb%5D=two+words&l%5B%5D=1.0&a%5Bb%5D=true&q=%C3%A9&t=x%0A&j=s",
  );
});

test("buildRequest() sends a form with a file as parts in order", async () => {
  const ports = memoryPorts({ "sub/a.txt": "A", "b.unknown": "B", "/home/u/c.json": "{}" });
  const items = [
    "one:=1",
    "f@sub/a.txt",
    'g@b.unknown;filename=q"',
    "h@~/c.json;type=x/y",
    "two=2",
  ];
  const { body } = await build(items, { mode: "form", boundary: "XX" }, ports);
  const parts = (await textOf(body)).split("--XX\r\n").slice(1);
  expect(parts).toEqual([
    'Content-Disposition: form-data; name="one"\r\n\r\n1\r\n',
    'Content-Disposition: form-data; name="f"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nA\r\n',
    'Content-Disposition: form-data; name="g"; filename="q%22"\r\nContent-Type: application/octet-stream\r\n\r\nB\r\n',
    'Content-Disposition: form-data; name="h"; filename="c.json"\r\nContent-Type: x/y\r\n\r\n{}\r\n',
    'Content-Disposition: form-data; name="two"\r\n\r\n2\r\n--XX--\r\n',
  ]);
  expect(bodyLength(body)).toBe((await textOf(body)).length);
});

test.each([
  {
    name: "adds the boundary to a typed type",
    typed: "multipart/mixed",
    want: "multipart/mixed; boundary=YY",
    separator: "--YY",
  },
  {
    name: "uses the boundary of a typed type",
    typed: "multipart/mixed; boundary=ZZ",
    want: "multipart/mixed; boundary=ZZ",
    separator: "--ZZ",
  },
])("buildRequest() $name", async ({ typed, want, separator }) => {
  const options = { mode: "multipart", boundary: "YY" } as const;
  const built = await build([`content-type:${typed}`, "a=1"], options);
  expect(built.headers).toEqual([["content-type", want]]);
  expect((await textOf(built.body)).startsWith(`${separator}\r\n`)).toBe(true);
});

test("buildRequest() leaves a typed Content-Type of other bodies alone", async () => {
  const { headers } = await build(["Content-Type:a/b", "a=1"], { mode: "form" });
  expect(headers).toEqual([["Content-Type", "a/b"]]);
});

test.each([
  {
    name: "a repeated header is sent twice",
    items: ["X:1", "x: 2"],
    headers: [
      ["X", "1"],
      ["x", "2"],
    ],
    unset: [],
  },
  {
    name: "a header is taken away",
    items: ["X:1", "x:", "Accept:"],
    headers: [],
    unset: ["x", "accept"],
  },
  {
    name: "a header taken away is set again",
    items: ["X:", "X:2"],
    headers: [["X", "2"]],
    unset: [],
  },
  {
    name: "an empty header",
    items: ["X;", "Y: "],
    headers: [
      ["X", ""],
      ["Y", ""],
    ],
    unset: [],
  },
  {
    name: "a file loses its last line break",
    items: ["X:@k"],
    headers: [["X", "s3cr3t"]],
    unset: [],
  },
])("buildRequest() headers: $name", async ({ items, headers, unset }) => {
  const built = await build(items, {}, memoryPorts({ k: "s3cr3t\r\n\n" }));
  expect(built.headers).toEqual(headers);
  expect(built.unset).toEqual(unset);
});

test.each([
  { name: "a name with a space", item: "X Y:1" },
  { name: "no name", item: ":1" },
  { name: "no name to take away", item: ":" },
  { name: "an escaped colon in a name", item: "X\\:Y:1" },
  { name: "a line break in a value", item: "X:a\r\nY: b" },
  { name: "a line break in a file", item: "X:@k" },
])("buildRequest() refuses a header with $name, without its value", async ({ item }) => {
  const error = await failureOf(build([item], {}, memoryPorts({ k: "hunter2\nY: z" })));
  expect(error).toMatchObject({ code: "USAGE_BAD_HEADER" });
  expect(String(error)).not.toContain("hunter2");
});

test("buildRequest() keeps query parameters in the order typed", async () => {
  const ports = memoryPorts({ q: "v\n\n" });
  const { query } = await build(["b==2", "a==1", "b==", "f==@q"], {}, ports);
  expect(query).toEqual([
    ["b", "2"],
    ["a", "1"],
    ["b", ""],
    ["f", "v"],
  ]);
});

test.each([
  { name: "a file and a field", items: ["@a.txt", "a=1"], options: {} },
  { name: "two files", items: ["@a.txt", "@a.txt"], options: {} },
  { name: "--raw and a field", items: ["a=1"], options: { raw: "x" } },
  { name: "an empty --raw and a field", items: ["a=1"], options: { raw: "" } },
  { name: "--raw and a file", items: ["@a.txt"], options: { raw: "x" } },
  { name: "--raw and standard input", items: [], options: { raw: "x", isStdinBody: true } },
  { name: "--raw and --multipart", items: [], options: { raw: "x", mode: "multipart" } },
  { name: "standard input and a field", items: ["a=1"], options: { isStdinBody: true } },
  {
    name: "standard input and a field of a form",
    items: ["a=1"],
    options: { isStdinBody: true, mode: "form" },
  },
  {
    name: "standard input and --multipart",
    items: [],
    options: { isStdinBody: true, mode: "multipart" },
  },
  { name: "standard input twice", items: ["a=@-", "b=@-"], options: {} },
  { name: "an upload in JSON", items: ["doc@a.txt"], options: {} },
  { name: "an array in a form", items: ["n:=[1]"], options: { mode: "form" } },
  { name: "an object in a multipart form", items: ["n:={}"], options: { mode: "multipart" } },
  { name: "null in a form", items: ["n:=null"], options: { mode: "form" } },
  { name: "an array from a file in a form", items: ["n:=@j.json"], options: { mode: "form" } },
] as const)("buildRequest() refuses $name", async ({ items, options }) => {
  const ports = memoryPorts({ "a.txt": "A", "j.json": "[1]" }, "in");
  expect(await failureOf(build(items, options, ports))).toMatchObject({
    code: "USAGE_CONFLICT",
    hint: expect.stringMatching(/^[A-Z]/),
  });
});

test("buildRequest() names --form for an upload in JSON, and keeps values out of conflicts", async () => {
  expect(await failureOf(build(["doc@a.txt"]))).toMatchObject({
    hint: expect.stringContaining("--form"),
  });
  const error = await failureOf(build(["pw=hunter2"], { raw: "x" }));
  expect(String(error)).toContain('"pw"');
  expect(String(error)).not.toContain("hunter2");
});

test.each([
  { name: "a missing body file", items: ["@nope"], options: {} },
  { name: "a missing upload", items: ["f@nope"], options: { mode: "form" } },
  { name: "a missing text", items: ["f=@nope"], options: {} },
  { name: "a missing JSON", items: ["f:=@nope"], options: {} },
  { name: "a missing header", items: ["X:@nope"], options: {} },
  { name: "a missing parameter", items: ["q==@nope"], options: {} },
] as const)("buildRequest() names the item of $name", async ({ items, options }) => {
  expect(await failureOf(build(items, options))).toMatchObject({
    code: "IO_READ",
    message: expect.stringContaining(items[0]),
    details: { path: "nope" },
  });
});

test("buildRequest() refuses text that is not UTF-8 and says how to send it", async () => {
  const ports = memoryPorts({ bin: new Uint8Array([0xff, 0xfe]) });
  for (const item of ["a=@bin", "a:=@bin", "X:@bin", "q==@bin"]) {
    expect(await failureOf(build([item], {}, ports))).toMatchObject({
      code: "DATA_NOT_UTF8",
      hint: expect.stringContaining("--form"),
    });
  }
});

test("buildRequest() names file, line and column of bad JSON in a file", async () => {
  expect(
    build(["j:=@j.json"], {}, memoryPorts({ "j.json": '{\n "a": oops}' })),
  ).rejects.toMatchObject({
    code: "DATA_BAD_JSON",
    message: expect.stringContaining("j.json"),
    details: { line: 2, column: 7 },
  });
});

test.each([
  { name: "the body", items: ["@-"], options: {}, want: "in" },
  {
    name: "the body although it was offered as one",
    items: ["@-"],
    options: { isStdinBody: true },
    want: "in",
  },
  { name: "a field", items: ["a=@-"], options: {}, want: '{"a":"in"}' },
  { name: "a field of a form", items: ["a=@-"], options: { mode: "form" }, want: "a=in" },
  { name: "nobody's body but its own", items: [], options: { isStdinBody: true }, want: "in" },
] as const)("buildRequest() reads standard input as $name", async ({ items, options, want }) => {
  expect(await bodyOf(items, options, memoryPorts({}, "in"))).toBe(want);
  expect(usesStdin(items.map(parseItem))).toBe(items.length > 0);
});

test("buildRequest() names standard input when what it holds is wrong", async () => {
  expect(await failureOf(build(["a:=@-"], {}, memoryPorts({}, "{")))).toMatchObject({
    code: "DATA_BAD_JSON",
    message: expect.stringMatching(/^Standard input of item "a:=@-"/),
  });
});

test("buildRequest() takes the length of standard input when it is a file", async () => {
  const ports = memoryPorts({}, "in");
  const sized = { ...ports, stdin: { ...ports.stdin, sizeBytes: () => 2 } };
  const { body } = await build([], { isStdinBody: true }, sized);
  expect(body).toMatchObject({ kind: "stream", lengthBytes: 2, replayable: false });
});

async function realPorts(): Promise<ItemPorts> {
  return { ...memoryPorts(), files: (await detectRuntime()).files };
}

function temporaryDirectory(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "weir-items-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

test("buildRequest() streams a file from disk, more than once, with its length", async () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "big.bin");
  writeFileSync(path, new Uint8Array(3_000_000).fill(7));
  const { body } = await build([`f@${path}`], { mode: "form" }, await realPorts());
  expect(body).toMatchObject({ kind: "stream", replayable: true });
  for (let round = 0; round < 2; round += 1) {
    expect((await collectBytes(readBody(body))).byteLength).toBe(bodyLength(body) ?? -1);
  }
});

test("buildRequest() refuses a directory", async () => {
  using directory = temporaryDirectory();
  const ports = await realPorts();
  for (const item of [`@${directory.path}`, `a=@${directory.path}`]) {
    expect(await failureOf(build([item], {}, ports))).toMatchObject({
      code: "IO_READ",
      message: expect.stringContaining("is a directory"),
    });
  }
});

test("buildRequest() finds a file it may not read before anything is sent", async () => {
  const ports = memoryPorts({ locked: "x" });
  const chunks = (): never => {
    throw Object.assign(new Error("denied"), { code: "EACCES" });
  };
  const denied: ItemPorts = { ...ports, files: { ...ports.files, chunks } };
  expect(await failureOf(build(["@locked"], {}, denied))).toMatchObject({
    code: "IO_READ",
    message: expect.stringContaining("may not be read"),
  });
});

test("buildRequest() reads files that have bytes and say they have none", async () => {
  const ports = await realPorts();
  const { body } = await build(["@/proc/self/status"], {}, ports);
  expect(body.kind).toBe("bytes");
  expect(await textOf(body)).toContain("Pid:");
});
