import { $ } from "bun";
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildSnapshot } from "../../lib/hooks/child/instance.ts";

// Builds dist/weir. The two no-autoload flags keep a bunfig.toml or .env of the working directory
// from changing, or running code in, the compiled binary.
const root = `${import.meta.dir}/../..`;
const outfile = process.argv[2] ?? `${root}/dist/weir`;
const commit = await $`git -C ${root} rev-parse --short HEAD`.nothrow().quiet().text();

rmSync(`${root}/dist`, { recursive: true, force: true });
// What lib/runtime/assets.ts reads from inside the binary.
mkdirSync(`${root}/dist/assets`, { recursive: true });
const engine = import.meta.resolve("@jitl/quickjs-wasmfile-release-sync/wasm");
copyFileSync(fileURLToPath(engine), `${root}/dist/assets/quickjs.wasm`);
writeFileSync(`${root}/dist/assets/quickjs.snapshot`, await buildSnapshot());
copyFileSync(`${root}/plugins/plugin.d.ts`, `${root}/dist/assets/plugin.d.ts`);
await $`${process.execPath} build --compile --minify --bytecode --format=esm --splitting --sourcemap --no-compile-autoload-dotenv --no-compile-autoload-bunfig --asset dist/assets --define WEIR_COMMIT=${JSON.stringify(commit.trim())} cli/main.ts --outfile ${outfile}`
  .cwd(root)
  .quiet();
rmSync(`${root}/dist/assets`, { recursive: true });
