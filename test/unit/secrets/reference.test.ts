import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WeirError } from "../../../lib/base/errors.ts";
import { nodeParts } from "../../../lib/runtime/node.ts";
import type { ReferencePlace, ReferencePorts } from "../../../lib/secrets/reference.ts";
import { resolveReference } from "../../../lib/secrets/reference.ts";
import { refusalOf } from "../../support/audit.ts";

const PRIVATE: ReferencePlace = { path: ["keychain", "gh", "token"], isBareAllowed: true };
const SHARED: ReferencePlace = { ...PRIVATE, isBareAllowed: false };

function portsWith(env: Readonly<Record<string, string>> = {}, folder?: string): ReferencePorts {
  return { env: (name) => env[name], files: nodeParts.files, folder };
}

function folderOf(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "weir-secret-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

test("resolveReference() reads an environment variable", async () => {
  const secret = await resolveReference("env:TOKEN", SHARED, portsWith({ TOKEN: "abc" }));
  expect(secret.open()).toBe("abc");
  expect(JSON.stringify({ secret })).toBe('{"secret":"[redacted]"}');
});

test.each([
  { name: "a bare value", text: "s3cret:with:colons", want: "s3cret:with:colons" },
  { name: "a literal that begins like a reference", text: "literal:env:TOKEN", want: "env:TOKEN" },
  { name: "a literal that is empty", text: "literal:", want: "" },
  { name: "a name of Object.prototype", text: "constructor:x", want: "constructor:x" },
])("resolveReference() takes $name as it is, in a private file", async ({ text, want }) => {
  expect((await resolveReference(text, PRIVATE, portsWith())).open()).toBe(want);
});

test.each([
  {
    name: "a bare value in a shared file",
    text: "hunter2!",
    place: SHARED,
    code: "SECRET_EXPOSED",
  },
  {
    name: "a literal in a shared file",
    text: "literal:hunter2!",
    place: SHARED,
    code: "SECRET_EXPOSED",
  },
  {
    name: "a variable that is not set",
    text: "env:NOPE",
    place: PRIVATE,
    code: "SECRET_UNRESOLVED",
  },
  {
    name: "a variable that is empty",
    text: "env:EMPTY",
    place: PRIVATE,
    code: "SECRET_UNRESOLVED",
  },
  { name: "a bad variable name", text: "env:A B", place: PRIVATE, code: "SECRET_REFERENCE" },
  { name: "no file name", text: "file:", place: PRIVATE, code: "SECRET_REFERENCE" },
  { name: "an empty text", text: "", place: PRIVATE, code: "SECRET_REFERENCE" },
  {
    name: "a command where none is run",
    text: 'cmd:["op","read"]',
    place: PRIVATE,
    code: "SECRET_UNRESOLVED",
  },
  {
    name: "a command that is no list",
    text: "cmd:op read",
    place: PRIVATE,
    code: "SECRET_REFERENCE",
  },
  { name: "an empty command", text: "cmd:[]", place: PRIVATE, code: "SECRET_REFERENCE" },
  {
    name: "a program by a relative path",
    text: 'cmd:["./op"]',
    place: PRIVATE,
    code: "SECRET_REFERENCE",
  },
  {
    name: "a command in a file that is not trusted",
    text: 'cmd:["op"]',
    place: { ...PRIVATE, untrusted: "gh" },
    code: "SECRET_UNTRUSTED",
  },
  {
    name: "a file in a file that is not trusted",
    text: "file:/etc/hosts",
    place: { ...PRIVATE, untrusted: "gh" },
    code: "SECRET_UNTRUSTED",
  },
  { name: "the OS keychain", text: "os:weir/gh", place: PRIVATE, code: "SECRET_REFERENCE" },
  { name: "the age file", text: "age:gh", place: PRIVATE, code: "SECRET_REFERENCE" },
  { name: "a misspelt word", text: "evn:TOKEN", place: PRIVATE, code: "SECRET_REFERENCE" },
  { name: "a word in capitals", text: "ENV:TOKEN", place: PRIVATE, code: "SECRET_REFERENCE" },
  {
    name: "a relative path without a folder",
    text: "file:t",
    place: PRIVATE,
    code: "SECRET_UNRESOLVED",
  },
])("resolveReference() refuses $name and does not print it", async ({ text, place, code }) => {
  const error = await refusalOf(resolveReference(text, place, portsWith({ EMPTY: "" })));
  expect(error).toBeInstanceOf(WeirError);
  if (!(error instanceof WeirError)) return;
  expect(error.code as string).toBe(code);
  expect(error.hint).toBeString();
  expect(`${error.message} ${error.hint} ${JSON.stringify(error.details)}`).not.toContain(
    "hunter2",
  );
});

test.each([
  { name: "its last line break", content: "abc\n", want: "abc" },
  { name: "a last line break of Windows", content: "abc\r\n", want: "abc" },
  { name: "one line break only", content: "abc\n\n", want: "abc\n" },
  { name: "nothing else", content: " abc ", want: " abc " },
])("resolveReference() reads a file without $name", async ({ content, want }) => {
  using folder = folderOf();
  const path = join(folder.path, "token");
  writeFileSync(path, content, { mode: 0o600 });
  expect((await resolveReference(`file:${path}`, SHARED, portsWith())).open()).toBe(want);
});

test("resolveReference() starts a path from the folder of the file or from the home folder", async () => {
  using folder = folderOf();
  writeFileSync(join(folder.path, "token"), "abc", { mode: 0o600 });
  const home = portsWith({ HOME: folder.path });
  expect((await resolveReference("file:~/token", SHARED, home)).open()).toBe("abc");
  const beside = portsWith({}, folder.path);
  expect((await resolveReference("file:token", SHARED, beside)).open()).toBe("abc");
});

test("resolveReference() never begins at the working directory, not even with a drive letter", async () => {
  using folder = folderOf();
  mkdirSync(join(folder.path, "C:"));
  writeFileSync(join(folder.path, "C:", "token"), "abc", { mode: 0o600 });
  const beside = portsWith({}, folder.path);
  expect((await resolveReference("file:C:/token", SHARED, beside)).open()).toBe("abc");
  const alone = await refusalOf(resolveReference("file:C:/token", SHARED, portsWith()));
  expect(alone).toMatchObject({ code: "SECRET_UNRESOLVED", hint: "Write file:/… or file:~/…" });
});

test.each([
  { name: "the group can read", mode: 0o640, code: "SECRET_EXPOSED" },
  { name: "everybody can read", mode: 0o604, code: "SECRET_EXPOSED" },
  { name: "others can write", mode: 0o602, code: "SECRET_EXPOSED" },
])("resolveReference() refuses a file that $name", async ({ mode, code }) => {
  using folder = folderOf();
  const path = join(folder.path, "token");
  writeFileSync(path, "abc");
  chmodSync(path, mode);
  const error = await refusalOf(resolveReference(`file:${path}`, PRIVATE, portsWith()));
  expect(error).toMatchObject({ code, hint: `Run chmod 600 ${path}` });
});

test("resolveReference() refuses a file of somebody else", async () => {
  using folder = folderOf();
  const path = join(folder.path, "token");
  writeFileSync(path, "abc", { mode: 0o600 });
  const files = {
    read: (one: string) => nodeParts.files.read(one),
    async stat(one: string) {
      const facts = await nodeParts.files.stat(one);
      return facts && { ...facts, isOwn: false };
    },
  };
  const ports = { ...portsWith(), files };
  expect(await refusalOf(resolveReference(`file:${path}`, PRIVATE, ports))).toMatchObject({
    code: "SECRET_EXPOSED",
  });
});

test.each([
  { name: "is not there", make: () => {} },
  { name: "is a folder", make: (path: string) => mkdirSync(path, { mode: 0o700 }) },
  { name: "is empty", make: (path: string) => writeFileSync(path, "\n", { mode: 0o600 }) },
  {
    name: "is not text",
    make: (path: string) => writeFileSync(path, Uint8Array.of(0xff, 0xfe), { mode: 0o600 }),
  },
  {
    name: "is far too large",
    make: (path: string) => writeFileSync(path, "a".repeat(70_000), { mode: 0o600 }),
  },
])("resolveReference() has no value when the file $name", async (row) => {
  using folder = folderOf();
  const path = join(folder.path, "token");
  row.make(path);
  expect(await refusalOf(resolveReference(`file:${path}`, PRIVATE, portsWith()))).toMatchObject({
    code: "SECRET_UNRESOLVED",
    details: { path },
  });
});
