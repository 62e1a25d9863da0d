import { dlopen } from "bun:ffi";
import { fstatSync } from "node:fs";
import process from "node:process";
import type { AwakeTools } from "./awake.ts";

/** File names of the C library, in the order in which they are tried. */
const LIBRARIES: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  linux: ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"],
  darwin: ["libSystem.B.dylib"],
};

/** The flag of recv(2) by which it does not wait. */
const MSG_DONTWAIT = process.platform === "darwin" ? 0x80 : 0x40;

/**
 * Returns recv(2), which Bun's children can read standard input by, and sched_yield(2); undefined on
 * other systems.
 *
 * bun 1.4: nothing in its own modules does either. Drop when something does.
 */
export function bunAwakeTools(): AwakeTools | undefined {
  for (const name of LIBRARIES[process.platform] ?? []) {
    try {
      return toolsOf(name);
    } catch {
      // Another C library, or none that may be opened: the reader then sleeps, as ever.
    }
  }
  return undefined;
}

function toolsOf(library: string): AwakeTools {
  const { recv, sched_yield: giveWay } = dlopen(library, {
    recv: { args: ["i32", "ptr", "u64", "i32"], returns: "i32" },
    sched_yield: { args: [], returns: "i32" },
  }).symbols;
  const isSocket = fstatSync(0).isSocket();
  return {
    readInput: (into) => (isSocket ? Math.max(0, recv(0, into, into.byteLength, MSG_DONTWAIT)) : 0),
    giveWay: () => void giveWay(),
  };
}
