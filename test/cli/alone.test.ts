import { expect, test } from "bun:test";
import {
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { startServer } from "../support/loopback-server.ts";
import { runCli, runProgram } from "../support/run-cli.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

// Proves RQ87: the binary needs nothing around it.

const ROOT = join(import.meta.dir, "..", "..");

/** No module that weir imports comes near this size. */
const LARGE_BYTES = 10 * 1024 * 1024;

/** Copies what a build reads; hard links, because node_modules is large. */
function copyTree(from: string, to: string): void {
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const source = join(entry.parentPath, entry.name);
    const target = join(to, source.slice(from.length));
    mkdirSync(dirname(target), { recursive: true });
    try {
      linkSync(source, target);
    } catch {
      // Another file system: then without the executables that packages carry.
      if (statSync(source).size < LARGE_BYTES) cpSync(source, target);
    }
  }
}

test("the binary works alone in an empty folder with an empty HOME", async () => {
  using server = await startServer({ replies: [{ json: { ok: true } }] });
  using folder = temporaryFolder();
  const home = join(folder.path, "home");
  const cwd = join(folder.path, "work");
  const result = await runCli(["get", `${server.url}/x`], { target: "binary", home, cwd });
  expect(result).toMatchObject({ stdout: '{"ok":true}', stderr: "", exit: 0 });
  expect([readdirSync(home), readdirSync(cwd)]).toEqual([[], []]);
});

test("the binary works without HOME and without a locale", async () => {
  using server = await startServer({ replies: [{ body: "fine" }] });
  const names = ["HOME", "LANG", "TERM", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"];
  const env = Object.fromEntries(names.map((name) => [name, undefined] as const));
  const result = await runCli(["get", `${server.url}/x`], { target: "binary", env });
  expect(result).toMatchObject({ stdout: "fine", stderr: "", exit: 0 });
});

test("the binary does not need the tree it was built from", async () => {
  using server = await startServer({ replies: [{ json: { id: 1 } }] });
  using folder = temporaryFolder();
  const tree = join(folder.path, "tree");
  for (const name of ["cli", "lib", "plugins", "test", "node_modules"]) {
    const path = join(ROOT, name);
    if (existsSync(path)) copyTree(path, join(tree, name));
  }
  for (const name of ["package.json", "tsconfig.json", "bun.lock"]) {
    cpSync(join(ROOT, name), join(tree, name));
  }
  const build = [process.execPath, join(tree, "test", "support", "build.ts")];
  expect(await runProgram(build, { cwd: tree })).toMatchObject({ exit: 0 });
  const binary = join(folder.path, "weir");
  renameSync(join(tree, "dist", "weir"), binary);
  rmSync(tree, { recursive: true });
  const argv = ["--pretty=format", "post", `${server.url}/x`, "a[b]=1"];
  const result = await runProgram([binary, ...argv]);
  expect(result).toMatchObject({ stdout: expect.stringContaining('"id": 1'), exit: 0 });
  expect(server.hits[0]?.text).toBe('{"a":{"b":"1"}}');
});
