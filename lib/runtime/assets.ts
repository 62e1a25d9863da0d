import { readFileSync } from "node:fs";

/** Files that are not modules and yet belong to the program: name in the binary, package in the source. */
const ASSETS = {
  "quickjs.wasm": "@jitl/quickjs-wasmfile-release-sync/wasm",
} as const;

/** A key of the table of assets. */
export type AssetName = keyof typeof ASSETS;

/** Says whether this is the compiled binary; its modules then lie in one flat virtual folder. */
export function isBinary(): boolean {
  return "Bun" in globalThis && Bun.isStandaloneExecutable === true;
}

/**
 * Returns the bytes of an asset: from inside the binary, where `test/support/build.ts` put it, or
 * from the package it comes with.
 *
 * A package that looks for its own file bakes in a path of the machine that built it.
 */
export function readAsset(name: AssetName): Uint8Array<ArrayBuffer> {
  const place = isBinary()
    ? new URL(`./assets/${name}`, import.meta.url)
    : new URL(import.meta.resolve(ASSETS[name]));
  return new Uint8Array(readFileSync(place));
}
