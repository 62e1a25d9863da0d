import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { aliasShape } from "../../../lib/config/alias.ts";
import { defaultsShape, fileLayer } from "../../../lib/config/defaults.ts";
import { loadConfig, requirePrivate, requireUnwritable } from "../../../lib/config/load.ts";
import { configPath } from "../../../lib/config/read.ts";
import { text } from "../../../lib/config/scalars.ts";
import { list, optional, table } from "../../../lib/config/combine.ts";
import { type ErrorCode, WeirError } from "../../../lib/base/errors.ts";
import { nodeParts } from "../../../lib/runtime/node.ts";

const sections = {
  defaults: defaultsShape([
    { name: "timeout", kind: "value" },
    { name: "follow", kind: "boolean" },
  ]),
  alias: aliasShape,
  keychain: table({ token: optional(text({ choices: ["env:TOKEN"] })) }),
  plugin: list(table({ path: text() })),
};

type Env = Readonly<Record<string, string>>;

class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "weir-config-"));

  write(name: string, data: string | Uint8Array, mode = 0o600): string {
    const path = join(this.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, data, { mode });
    chmodSync(path, mode);
    return path;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

function load(path?: string, env: Env = {}) {
  const runtime = { files: nodeParts.files, env: (name: string) => env[name] };
  return loadConfig({ runtime, path, sections, otherSections: ["audit"] });
}

async function failure(task: () => unknown): Promise<WeirError> {
  try {
    await task();
  } catch (error) {
    if (error instanceof WeirError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

async function failureOf(data: string): Promise<WeirError> {
  using folder = new Folder();
  const path = folder.write("c.toml", data);
  // Awaited here: the folder goes away with this function.
  return await failure(async () => (await load(path)).validateAll());
}

test.each<{ name: string; env: Env; named?: string; want: string | undefined }>([
  { name: "--config first", env: { WEIR_CONFIG: "/w", HOME: "/h" }, named: "c", want: "c" },
  { name: "then WEIR_CONFIG", env: { WEIR_CONFIG: "/w", XDG_CONFIG_HOME: "/x" }, want: "/w" },
  {
    name: "then XDG_CONFIG_HOME",
    env: { XDG_CONFIG_HOME: "/x/", HOME: "/h" },
    want: "/x/weir/config.toml",
  },
  { name: "then HOME", env: { HOME: "/h" }, want: "/h/.config/weir/config.toml" },
  {
    name: "no empty WEIR_CONFIG",
    env: { WEIR_CONFIG: "", HOME: "/h" },
    want: "/h/.config/weir/config.toml",
  },
  {
    name: "no empty XDG_CONFIG_HOME",
    env: { XDG_CONFIG_HOME: "", HOME: "/h" },
    want: "/h/.config/weir/config.toml",
  },
  {
    name: "no relative XDG_CONFIG_HOME",
    env: { XDG_CONFIG_HOME: "x", HOME: "/h" },
    want: "/h/.config/weir/config.toml",
  },
  { name: "no relative HOME", env: { HOME: "." }, want: undefined },
  { name: "no empty HOME", env: { HOME: "" }, want: "/.config/weir/config.toml" },
  { name: "nowhere without variables", env: {}, want: undefined },
])("configPath() looks at $name", ({ env, named, want }) => {
  expect(configPath((name) => env[name], named)?.file).toBe(want);
});

test("loadConfig() never looks into the working directory", async () => {
  using folder = new Folder();
  folder.write("config.toml", "[alias.a]\nbase_url = 'http://evil.test'");
  folder.write("weir/config.toml", "[alias.a]\nbase_url = 'http://evil.test'");
  const before = process.cwd();
  process.chdir(folder.path);
  try {
    for (const env of [{}, { XDG_CONFIG_HOME: "" }, { XDG_CONFIG_HOME: "." }, { HOME: "." }])
      expect((await load(undefined, env)).path).toBeUndefined();
  } finally {
    process.chdir(before);
  }
});

test("loadConfig() goes on without a default file", async () => {
  using folder = new Folder();
  const config = await load(undefined, { HOME: folder.path });
  expect(config.path).toBeUndefined();
  expect(config.section("alias")).toBeUndefined();
  expect(config.placeOf(["alias"])).toBeUndefined();
  config.validateAll();
});

test("loadConfig() reads the default file and gives typed sections", async () => {
  using folder = new Folder();
  folder.write(".config/weir/config.toml", "[defaults]\ntimeout = 3\n[audit]\nfuture = true\n");
  const config = await load(undefined, { HOME: folder.path });
  expect(config.section("defaults")).toEqual({ timeout: "3" });
  expect(config.section("alias")).toBeUndefined();
  config.validateAll();
});

test("loadConfig() checks a section when it is first used", async () => {
  using folder = new Folder();
  const config = await load(folder.write("c.toml", "[defaults]\nfollow = 1\n[keychain]\n"));
  expect(config.section("keychain")).toEqual({});
  const twice = [
    await failure(() => config.section("defaults")),
    await failure(() => config.section("defaults")),
  ];
  expect(twice.map((error) => error.code)).toEqual(["CONFIG_INVALID", "CONFIG_INVALID"]);
});

test("a missing file is an error when it was named", async () => {
  using folder = new Folder();
  const none = join(folder.path, "none.toml");
  expect((await failure(() => load(none))).hint).toContain("--config");
  expect((await failure(() => load(undefined, { WEIR_CONFIG: none }))).hint).toContain(
    "WEIR_CONFIG",
  );
});

test.each<{ name: string; write: (folder: Folder) => string }>([
  { name: "a folder", write: (folder) => folder.path },
  { name: "a file below a file", write: (folder) => join(folder.write("a", ""), "b") },
  { name: "an empty name", write: () => "" },
  {
    name: "a file larger than the cap",
    write: (folder) => folder.write("a", "#".repeat(2 ** 20 + 1)),
  },
  { name: "a device without end", write: () => "/dev/zero" },
  { name: "UTF-16", write: (folder) => folder.write("a", Buffer.from("\ufeffa = 1", "utf16le")) },
  { name: "Latin-1", write: (folder) => folder.write("a", Buffer.from("# caf\xe9", "latin1")) },
])("loadConfig() refuses $name", async ({ write }) => {
  using folder = new Folder();
  const path = write(folder);
  const error = await failure(() => load(path));
  expect(error.code).toBe("CONFIG_UNREADABLE");
  expect(error.hint).toContain("--config");
});

test("a file that may not be read is an error even as the default", async () => {
  const denied = Object.assign(new Error("no"), { code: "EACCES" });
  const files = { ...nodeParts.files, stat: () => Promise.reject(denied) };
  const runtime = { files, env: (name: string) => (name === "HOME" ? "/h" : undefined) };
  const error = await failure(() => loadConfig({ runtime, sections: {} }));
  expect([error.code, error.cause]).toEqual(["CONFIG_UNREADABLE", denied]);
});

test("the first byte that is not UTF-8 is found by its line", async () => {
  using folder = new Folder();
  const bytes = Buffer.concat([Buffer.from("# \ufffd ü\n#\n# "), Buffer.from([0xff, 0x0a])]);
  expect((await failure(() => load(folder.write("a", bytes)))).message).toContain("line 3");
});

test("a byte order mark and /dev/null are no errors", async () => {
  using folder = new Folder();
  const config = await load(folder.write("a", "\ufefffollow = true"), {}).catch((error) => error);
  expect(config.details).toMatchObject({ line: 1, column: 1 });
  expect((await load("/dev/null")).section("alias")).toBeUndefined();
});

test.each([
  { name: "an unfinished string", data: '[alias.a]\nbase_url = "x', line: 2, column: 12 },
  { name: "a duration without quotes", data: "[defaults]\ntimeout = 30s\n", line: 2, column: 13 },
  { name: "a key twice", data: "[defaults]\nfollow = true\nfollow = true", line: 3, column: 1 },
  { name: "a table twice", data: "[alias.a]\n[alias.a]", line: 2, column: 2 },
  {
    name: "an integer that would lose digits",
    data: "[defaults]\ntimeout = 9007199254740993",
    line: 2,
    column: 11,
  },
  {
    name: "endless nesting",
    data: `[defaults]\ntimeout = ${"[".repeat(100_000)}`,
    line: 2,
    column: 75,
  },
])("loadConfig() refuses $name with its place and line", async ({ data, line, column }) => {
  const error = await failureOf(data);
  expect(error.code).toBe("CONFIG_INVALID");
  expect(error.details).toMatchObject({ line, column });
  expect(error.message).toContain(`:${line}:${column}`);
  expect(error.message).not.toContain("\n");
  expect(String(error.details["frame"]).split("\n")).toHaveLength(2);
});

test.each<{
  name: string;
  data: string;
  code: ErrorCode;
  line: number;
  column: number;
  hint: string;
}>([
  {
    name: "an unknown section",
    data: "[alais.a]",
    code: "CONFIG_UNKNOWN_KEY",
    line: 1,
    column: 2,
    hint: "alias",
  },
  {
    name: "a key outside of its section",
    data: "\ntimeout = 1",
    code: "CONFIG_UNKNOWN_KEY",
    line: 2,
    column: 1,
    hint: "[defaults]",
  },
  {
    name: "a list of an unknown section",
    data: "[[plugins]]",
    code: "CONFIG_UNKNOWN_KEY",
    line: 1,
    column: 3,
    hint: "plugin",
  },
  {
    name: "an unknown key",
    data: "[defaults]\n  folow = true",
    code: "CONFIG_UNKNOWN_KEY",
    line: 2,
    column: 3,
    hint: "follow",
  },
  {
    name: "a wrong value",
    data: "[defaults]\nfollow = 3",
    code: "CONFIG_INVALID",
    line: 2,
    column: 10,
    hint: "true",
  },
  {
    name: "a missing key at its table",
    data: "[[plugin]]\npath = 'x'\n[[plugin]]",
    code: "CONFIG_INVALID",
    line: 3,
    column: 3,
    hint: "path",
  },
  {
    name: "a section that is no table",
    data: "alias = 3",
    code: "CONFIG_INVALID",
    line: 1,
    column: 9,
    hint: "alias",
  },
])("an error points at $name", async ({ data, code, line, column, hint }) => {
  const error = await failureOf(data);
  expect(error.code).toBe(code);
  expect(error.details).toMatchObject({ line, column });
  expect(error.hint).toContain(hint);
});

test("validateAll() reports all problems of the file, the first line first", async () => {
  const error = await failureOf("[keychain]\nx = 1\n[alias.a]\ny = 1\n[defaults]\nfollow = 1\n");
  expect(error.details["problemCount"]).toBe(4);
  expect(error.details).toMatchObject({
    line: 2,
    problems: [{ line: 2 }, { line: 3 }, { line: 4 }, { line: 6 }],
  });
  expect(error.message).toContain("and 3 more problems");
});

test("ten thousand problems make a short error, soon", async () => {
  const keys = Array.from({ length: 10_000 }, (_, at) => `key${at} = 1\n`).join("");
  const start = performance.now();
  const error = await failureOf(`[defaults]\n${keys}`);
  expect(performance.now() - start).toBeLessThan(3000);
  expect(error.details["problemCount"]).toBe(10_000);
  expect(JSON.stringify(error.details).length).toBeLessThan(10_000);
});

test.each([
  { name: "a wrong value of a secret", data: '[keychain]\ntoken = "hunter2"' },
  { name: "an unfinished secret", data: '[keychain]\ntoken = "hunter2' },
  { name: "a secret without quotes", data: "[keychain]\ntoken = hunter2" },
  { name: "a secret in an inline table", data: '[alias]\na = { auth = "hunter2", x = }' },
  { name: "a header", data: '[alias.a.headers]\nX-Mine = "hunter2" x' },
  { name: "a secret of several lines", data: '[keychain]\ntoken = """\nhunter2 \\q\n"""' },
  { name: "a URL with a password", data: '[alias.a]\nbase_url = "https://me:hunter2@x' },
  { name: "an unknown key with a telling name", data: '[defaults]\nmy_password = "hunter2"' },
])("no part of an error holds $name", async ({ data }) => {
  const error = await failureOf(data);
  const all = JSON.stringify([error.message, error.hint, error.details]);
  expect(all).not.toContain("hunter2");
});

test("the frame shows a long line around the column, without control characters", async () => {
  const error = await failureOf(`[defaults]\ntimeout = "${"\u202e\u0085".repeat(200)}"; x`);
  const [line = "", caret = ""] = String(error.details["frame"]).split("\n");
  expect(line.length).toBeLessThan(120);
  expect(line).not.toMatch(/[\u202e\u0085]/);
  expect(line[caret.indexOf("^")]).toBe(";");
});

test.each([
  { mode: 0o600, isPrivate: true, isWritableByOthers: false },
  { mode: 0o400, isPrivate: true, isWritableByOthers: false },
  { mode: 0o644, isPrivate: false, isWritableByOthers: false },
  { mode: 0o640, isPrivate: false, isWritableByOthers: false },
  { mode: 0o660, isPrivate: false, isWritableByOthers: true },
  { mode: 0o602, isPrivate: false, isWritableByOthers: true },
])("loadConfig() judges mode $mode", async ({ mode, isPrivate, isWritableByOthers }) => {
  using folder = new Folder();
  const config = await load(folder.write("c", '[keychain]\ntoken = "x"', mode));
  expect(config).toMatchObject({ isPrivate, isWritableByOthers });
  const unwritable = await failure(() => requireUnwritable(config)).catch(() => undefined);
  expect(unwritable?.code).toBe(isWritableByOthers ? "CONFIG_UNSAFE" : undefined);
  const secret = await failure(() => requirePrivate(config, ["keychain", "token"])).catch(
    () => undefined,
  );
  expect(secret?.code).toBe(isPrivate ? undefined : "CONFIG_UNSAFE");
  if (secret !== undefined) expect(secret.details).toMatchObject({ line: 2, column: 9 });
});

test("fileLayer() names file and line of a default", async () => {
  using folder = new Folder();
  const path = folder.write("c", "[defaults]\n\ntimeout = 3");
  const layer = fileLayer(await load(path));
  expect(layer.values).toEqual({ timeout: "3" });
  expect(layer.origin("timeout")).toBe(`[defaults] timeout in ${path}:3:1`);
  expect(fileLayer(await load("/dev/null")).values).toEqual({});
});

test("loadConfig() reads 10,000 keys quickly", async () => {
  using folder = new Folder();
  const keys = Array.from(
    { length: 10_000 },
    (_, at) => `[alias.a${at}]\nbase_url = "http://x/"\n`,
  );
  const path = folder.write("c", keys.join(""));
  const start = performance.now();
  const config = await load(path);
  expect(config.section("alias")?.size).toBe(10_000);
  expect(performance.now() - start).toBeLessThan(2000);
});
