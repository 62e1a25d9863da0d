import { readFileSync } from "node:fs";

/**
 * Files that are not modules and yet belong to the program: where they are in the source, by their
 * name in the binary.
 */
const ASSETS = {
  "quickjs.wasm": () => import.meta.resolve("@jitl/quickjs-wasmfile-release-sync/wasm"),
  "plugin.d.ts": () => new URL("../../plugins/plugin.d.ts", import.meta.url),
} as const;

/** A key of the table of assets. */
export type AssetName = keyof typeof ASSETS;

/** Says whether this is the compiled binary; its modules then lie in one flat virtual folder. */
export function isBinary(): boolean {
  return "Bun" in globalThis && Bun.isStandaloneExecutable === true;
}

/** Returns the bytes of a file that the build makes; undefined in the source, which does without. */
export function readBuilt(name: "quickjs.snapshot"): Uint8Array<ArrayBuffer> | undefined {
  if (!isBinary()) return undefined;
  return new Uint8Array(readFileSync(new URL(`./assets/${name}`, import.meta.url)));
}

/**
 * Returns the bytes of an asset: from inside the binary, where `test/support/build.ts` put it, or
 * from where the source has it.
 *
 * A package that looks for its own file bakes in a path of the machine that built it.
 */
export function readAsset(name: AssetName): Uint8Array<ArrayBuffer> {
  const place = isBinary() ? new URL(`./assets/${name}`, import.meta.url) : new URL(ASSETS[name]());
  return new Uint8Array(readFileSync(place));
}
