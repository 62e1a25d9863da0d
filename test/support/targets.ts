import { copyFileSync, existsSync, linkSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What is run: the source under Bun, the compiled binary, the source under Deno. */
export type Target = "source" | "binary" | "deno";

const ROOT = join(import.meta.dir, "..", "..");
const FOLDER_PREFIX = "weir-binary-";

/** Says whether a process with this id is alive. */
function isRunning(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch {
    // ESRCH is the answer: nobody is there.
    return false;
  }
}

/** Removes what test processes that ended have left: bun test runs no exit handler. */
function sweep(): void {
  for (const name of readdirSync(tmpdir())) {
    const id = name.startsWith(FOLDER_PREFIX) ? Number(name.slice(FOLDER_PREFIX.length)) : NaN;
    if (id > 0 && !isRunning(id)) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

/**
 * Returns the path of a copy of dist/weir that has an otherwise empty folder to itself, so that no
 * node_modules and no asset of the work tree is within its reach. One copy a test process.
 */
export function isolatedBinary(): string {
  const built = join(ROOT, "dist", "weir");
  if (!existsSync(built)) throw new Error("dist/weir is not there: run bun run build first");
  const folder = join(tmpdir(), `${FOLDER_PREFIX}${process.pid}`);
  const copy = join(folder, "weir");
  if (existsSync(copy)) return copy;
  sweep();
  mkdirSync(folder, { recursive: true });
  try {
    linkSync(built, copy);
  } catch {
    // Another file system; the copy costs a tenth of a second.
    copyFileSync(built, copy);
  }
  return copy;
}

/** Removes the copy that `isolatedBinary` made. For scripts; a test run cleans its whole folder. */
export function removeIsolatedBinary(): void {
  rmSync(join(tmpdir(), `${FOLDER_PREFIX}${process.pid}`), { recursive: true, force: true });
}

/** Returns the Deno executable that `bun install` brought; its launcher would need Node. */
function denoExecutable(): string {
  const packages = join(ROOT, "node_modules", "@deno");
  const found = readdirSync(packages)
    .map((name) => join(packages, name, "deno"))
    .find((path) => existsSync(path));
  if (found === undefined) throw new Error(`No Deno executable below ${packages}`);
  return found;
}

/** Returns the words that start weir. */
export function commandOf(target: Target): readonly string[] {
  const main = join(ROOT, "cli", "main.ts");
  if (target === "source") return [process.execPath, main];
  if (target === "deno") return [denoExecutable(), "run", "-A", "--quiet", main];
  return [isolatedBinary()];
}
