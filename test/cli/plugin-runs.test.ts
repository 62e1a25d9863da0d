import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  ALL_WAYS,
  CLEAN,
  dressOf,
  leaver,
  LEAVER_DRESS,
  LEAVER_ROUTES,
  leftIn,
  MARK,
  SHARED_MODULE,
} from "../support/leftovers.ts";
import { type LoopbackServer, type ServerScript, startServer } from "../support/loopback-server.ts";
import { runCli } from "../support/run-cli.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

// What a plugin leaves must not reach the next process of weir, in the same home and folder. For runs
// in one process see test/unit/hooks/runs.test.ts.

/** A home, and a folder with `files` that is the working directory. */
function placeOf(files: Readonly<Record<string, string>>) {
  const folder = temporaryFolder();
  const home = join(folder.path, "home");
  const cwd = join(folder.path, "work");
  for (const path of [home, cwd]) mkdirSync(path);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(cwd, name, ".."), { recursive: true });
    writeFileSync(join(cwd, name), text, { mode: 0o600 });
  }
  const run = (argv: readonly string[]) => runCli(argv, { target: "binary", home, cwd });
  return { home, cwd, run, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

type Place = ReturnType<typeof placeOf>;

/** Returns every file below a folder. */
function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

const SCRIPT: ServerScript = { hits: "any", routes: { ...LEAVER_ROUTES, "/main": {} } };

const PIPELINE = (base: string): string => `apiVersion: noetl.io/v2
kind: Playbook
metadata: { name: left }
workflow:
  - step: start
    tool: { kind: http, url: "${base}/main" }
`;

const POLICY = (base: string): string => `[http_request]
enabled = true
allowed_domains = ["${new URL(base).host}"]
[audit]
path = "~/audit.jsonl"
[[plugin]]
path = "leaver.js"
`;

interface Mode {
  readonly name: string;
  readonly argv: (base: string) => readonly string[];
  /** What tells of its requests afterwards, in the home folder, and is not shown to plugins. */
  readonly record?: string;
}

const PLUGIN = ["--plugin", "./leaver.js"];

const MODES: readonly Mode[] = [
  { name: "weir get", argv: (base) => [...PLUGIN, "get", `${base}/main`] },
  { name: "weir run", argv: () => ["run", ...PLUGIN, "left.yaml"] },
  {
    name: "weir exec",
    argv: (base) => ["exec", ...PLUGIN, "--allow-net", new URL(base).host, "main.js", base],
  },
  {
    name: "weir agent call",
    record: "audit.jsonl",
    argv(base) {
      const call = { name: "http_get", arguments: { url: `${base}/main` } };
      return ["agent", "call", "--config", "policy.toml", JSON.stringify(call)];
    },
  },
];

function placeFor(server: LoopbackServer): Place {
  return placeOf({
    "shared.js": SHARED_MODULE,
    "leaver.js": leaver("leaver", server.url),
    "main.js": `await http.get(args[0] + "/main");`,
    "left.yaml": PIPELINE(server.url),
    "policy.toml": POLICY(server.url),
  });
}

test.each(MODES)(
  "$name: a plugin finds nothing of the process before",
  async ({ argv, record }) => {
    using server = await startServer(SCRIPT);
    using place = placeFor(server);
    expect(await place.run(["plugin", "trust", "./leaver.js"])).toMatchObject({ exit: 0 });
    for (let run = 0; run < 2; run += 1) {
      server.play(SCRIPT);
      const { stderr, exit } = await place.run(argv(server.url));
      expect({ exit, stderr }).toMatchObject({ exit: 0 });
      const [, text = "{}"] = /leaver: (\{.*\})/.exec(stderr) ?? [];
      const found: { readonly before?: unknown; readonly after?: unknown } = JSON.parse(text);
      expect(found.before).toEqual(CLEAN);
      expect(leftIn(found.after)).toEqual(ALL_WAYS);
      expect(server.hits.map(dressOf)).toEqual([...LEAVER_DRESS, "/main - - -"]);
    }
    // Nor is there a file that holds anything of it.
    const written = filesIn(place.home).concat(filesIn(place.cwd));
    const holding = written.filter((path) => readFileSync(path, "latin1").includes(MARK));
    const records = record === undefined ? [] : [join(place.home, record)];
    expect(holding).toEqual([...records, join(place.cwd, "leaver.js")]);
  },
);

/** Returns a plugin that says what it finds in its storage, and writes `keys` into it. */
function keeper(name: string, keys: readonly string[], capabilities = ["storage"]): string {
  return `export const plugin = { name: ${JSON.stringify(name)}, capabilities: ${JSON.stringify(capabilities)} };
weir.on("pre_request", async (event, ctx) => {
  const { storage } = ctx;
  const keys = ${JSON.stringify(keys)};
  const own = await Promise.all(keys.map((key) => storage.get(key)));
  log.info(JSON.stringify([await storage.keys(), own.map((value) => value ?? null)]));
  for (const key of keys) await storage.set(key, { of: plugin.name, key });
});
`;
}

/** Runs a plugin around one request, and returns what it says. */
async function said(place: Place, file: string, base: string): Promise<unknown> {
  const { stderr, exit } = await place.run(["--plugin", `./${file}`, "get", `${base}/main`]);
  expect({ exit, stderr }).toMatchObject({ exit: 0 });
  return JSON.parse(stderr.slice(stderr.indexOf("[")));
}

const KEYS = [
  "left",
  "../keeper/left",
  "keeper.db",
  "a\0b",
  "a\0c",
  "",
  "%",
  "'; DROP TABLE kept; --",
  "__proto__",
  "constructor",
  "x".repeat(2000),
];

test("storage is the one thing that stays, by the name of the plugin", async () => {
  using server = await startServer({ hits: "any", routes: { "/main": {} } });
  using place = placeOf({
    "keeper.js": keeper("keeper", KEYS),
    "other.js": keeper("other", KEYS),
    "keeper2.js": keeper("keeper2", KEYS),
  });
  const nothing = [[], KEYS.map(() => null)];
  expect(await said(place, "keeper.js", server.url)).toEqual(nothing);
  const kept = [KEYS.toSorted(), KEYS.map((key) => ({ of: "keeper", key }))];
  expect(await said(place, "keeper.js", server.url)).toEqual(kept);
  // Others that may keep something find nothing of it, under no key, and change nothing of it.
  expect(await said(place, "other.js", server.url)).toEqual(nothing);
  expect(await said(place, "keeper2.js", server.url)).toEqual(nothing);
  expect(await said(place, "keeper.js", server.url)).toEqual(kept);
  const folder = join(place.home, ".local/share/weir/storage");
  expect(readdirSync(folder).toSorted()).toEqual(["keeper.db", "keeper2.db", "other.db"]);
  expect(readdirSync(folder).map((name) => statSync(join(folder, name)).mode & 0o777)).toEqual([
    0o600, 0o600, 0o600,
  ]);
});

const HOSTILE_NAMES: readonly { readonly name: string; readonly text: string }[] = [
  { name: "a way up", text: "../keeper" },
  { name: "a way up and back", text: "x/../keeper" },
  { name: "a path", text: "/tmp/keeper" },
  { name: "a name of Windows", text: "..\\keeper" },
  { name: "this folder", text: "./keeper" },
  { name: "another case", text: "KEEPER" },
  { name: "a NUL at the end", text: "keeper\0" },
  { name: "a NUL within", text: "keeper\0.db" },
  { name: "a line break", text: "keeper\n" },
  { name: "a space", text: "keeper " },
  { name: "an extension", text: "keeper.db" },
  { name: "a URI of SQLite", text: "file:keeper?mode=memory" },
  { name: "a percent-encoded letter", text: "%6beeper" },
  { name: "a letter that looks the same", text: "kееper" },
  { name: "a letter that is folded to k", text: "\u212aeeper" },
  { name: "nothing", text: "" },
  { name: "two dots", text: ".." },
  { name: "an option", text: "-keeper" },
  { name: "a very long one", text: "k".repeat(65) },
  { name: "one longer than a file name", text: "k".repeat(100_000) },
];

test.each(HOSTILE_NAMES)("storage of another is not had by $name", async ({ text }) => {
  using server = await startServer({ hits: 0 });
  using place = placeOf({
    "hostile.js": keeper(text, ["left"]),
    "toml/plugin.toml": `name = ${JSON.stringify(text)}\nmain = "main.js"\ncapabilities = ["storage"]\n`,
    "toml/main.js": keeper("", ["left"]).replace(/^.*\n/, "const plugin = {};\n"),
  });
  for (const plugin of ["./hostile.js", "./toml"]) {
    const result = await place.run(["--plugin", plugin, "get", `${server.url}/main`]);
    expect(result.stderr).toContain(`${JSON.stringify(text).slice(0, 66)} is not a name`);
    expect(result.exit).not.toBe(0);
  }
  expect(filesIn(place.home)).toEqual([]);
});

test("storage of another is not had by a file whose name becomes that name", async () => {
  using server = await startServer({ hits: "any", routes: { "/main": {} } });
  const nameless = keeper("", ["left"]).replace(`name: "", `, "");
  using place = placeOf({
    "keeper.js": keeper("keeper", ["left"]),
    "plugin.js": keeper("plugin", ["left"]),
    "other/Keeper.js": nameless,
    "other/.keeper.js": nameless,
    "other/日本.js": nameless,
  });
  for (const file of ["keeper.js", "plugin.js"]) await said(place, file, server.url);
  for (const file of ["other/Keeper.js", "other/.keeper.js", "other/日本.js"]) {
    const argv = ["--plugin", `./${file}`, "get", `${server.url}/main`];
    const { stderr, exit } = await place.run(argv);
    expect(stderr).toContain("its storage has no name");
    expect(exit).not.toBe(0);
  }
});
