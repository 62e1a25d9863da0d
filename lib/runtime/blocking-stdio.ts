import { readSync, writeSync } from "node:fs";
import { codeOf } from "../base/errors.ts";
import type { BlockingStdio } from "./processes.ts";

/** Runs `task` again when the system says that it was interrupted or would have to wait. */
function patiently(task: () => number): number {
  for (;;) {
    try {
      return task();
    } catch (error) {
      const code = codeOf(error);
      if (code === "EOF" || code === "EPIPE") return 0;
      if (code !== "EAGAIN" && code !== "EINTR") throw error;
    }
  }
}

/** Standard input and output of this process, read and written in place. */
export const blockingStdio: BlockingStdio = {
  read: (into) => patiently(() => readSync(0, into)),
  write(bytes) {
    for (let at = 0; at < bytes.byteLength;) {
      const count = patiently(() => writeSync(1, bytes, at));
      // Nobody reads any more: the parent has gone, and the next read ends the loop.
      if (count === 0) return;
      at += count;
    }
  },
};

/** Makes `console` print nothing: a library that prints would write into the middle of a frame. */
export function silenceConsole(): void {
  for (const name of ["log", "info", "debug", "warn", "error"] as const) {
    console[name] = () => undefined;
  }
}

/**
 * Gives back the memory of what is no longer used.
 *
 * For a program without event loop: what runs there and does this in others never comes to its turn.
 */
export function collectGarbage(): void {
  if ("Bun" in globalThis) Bun.gc(true);
}
