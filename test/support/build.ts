import { $ } from "bun";
import { mkdirSync, rmSync } from "node:fs";

// Builds dist/weir. The two no-autoload flags keep a bunfig.toml or .env of the working directory
// from changing, or running code in, the compiled binary.
const root = `${import.meta.dir}/../..`;
const outfile = process.argv[2] ?? `${root}/dist/weir`;
const commit = await $`git -C ${root} rev-parse --short HEAD`.nothrow().quiet().text();

rmSync(`${root}/dist`, { recursive: true, force: true });
mkdirSync(`${root}/dist`, { recursive: true });
await $`${process.execPath} build --compile --minify --bytecode --format=esm --splitting --sourcemap --no-compile-autoload-dotenv --no-compile-autoload-bunfig --define WEIR_COMMIT=${JSON.stringify(commit.trim())} cli/main.ts --outfile ${outfile}`
  .cwd(root)
  .quiet();
