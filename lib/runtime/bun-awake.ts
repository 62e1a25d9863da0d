import { dlopen } from "bun:ffi";
import { fstatSync, readFileSync } from "node:fs";
import process from "node:process";
import type { AwakeTools } from "./awake.ts";

/**
 * Returns the path of the C library that this process has loaded; undefined when it is not known.
 *
 * Never a bare name: what the system does not find, Bun 1.4 looks for in the working directory.
 */
export function libraryPath(): string | undefined {
  if (process.platform === "darwin") return "/usr/lib/libSystem.B.dylib";
  if (process.platform !== "linux") return undefined;
  const loaded = /\s(\/\S*\/(?:libc\.so\.6|libc-[\d.]+\.so|ld-musl-\w+\.so\.1))$/m;
  return loaded.exec(readFileSync("/proc/self/maps", "utf8"))?.[1];
}

/** The flag of recv(2) by which it does not wait. */
const MSG_DONTWAIT = process.platform === "darwin" ? 0x80 : 0x40;

/**
 * Returns recv(2), which Bun's children can read standard input by, and sched_yield(2); undefined on
 * other systems.
 *
 * bun 1.4: nothing in its own modules does either. Drop when something does.
 */
export function bunAwakeTools(): AwakeTools | undefined {
  const library = libraryPath();
  if (library === undefined) return undefined;
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
