import { expect, test } from "bun:test";
import { dirname, join, relative } from "node:path";

// A cold start is paid for by every request, so what is loaded before the command is kept in sight:
// a package or a slow module that gets in here fails the test.

const ROOT = join(import.meta.dir, "..", "..");
const transpiler = new Bun.Transpiler({ loader: "ts" });

/** Returns the files that importing `start` loads at once, and the packages they name. */
async function loadedBy(start: string): Promise<{ files: string[]; packages: string[] }> {
  const files = new Set<string>();
  const packages = new Set<string>();
  const waiting = [join(ROOT, start)];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    if (!file.endsWith(".ts")) continue;
    for (const { kind, path } of transpiler.scanImports(await Bun.file(file).text())) {
      if (kind === "dynamic-import") continue;
      if (path.startsWith(".")) waiting.push(join(dirname(file), path));
      else packages.add(path);
    }
  }
  const names = [...files].map((file) => relative(ROOT, file));
  return { files: names.sort(), packages: [...packages].sort() };
}

test("cli/main.ts loads nothing that the child of the sandbox does not need", async () => {
  const { files, packages } = await loadedBy("cli/main.ts");
  expect(packages).toEqual(["node:process"]);
  expect(files).toEqual(["cli/main.ts", "lib/runtime/sandbox-word.ts"]);
});

test("cli/start.ts loads the table of flags and what reads it, and no package", async () => {
  const { files, packages } = await loadedBy("cli/start.ts");
  expect(packages).toEqual(["node:process"]);
  const rooms = new Set(files.map((file) => file.split("/").slice(0, 2).join("/")));
  expect([...rooms].filter((room) => room.startsWith("lib/"))).toEqual(["lib/base", "lib/runtime"]);
  expect(
    files.filter((file) => /cli\/(help|registry|defaults|manual|completion)/.test(file)),
  ).toEqual([]);
  expect(files.filter((file) => file.startsWith("cli/commands/"))).toEqual([
    "cli/commands/index.ts",
  ]);
});

test("weir --version loads one small module more", async () => {
  const { files, packages } = await loadedBy("cli/commands/version.ts");
  expect(packages).toEqual([]);
  expect(files).toEqual(["cli/commands/version.ts", "cli/version.ts", "package.json"]);
});
