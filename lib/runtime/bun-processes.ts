import process from "node:process";
import { fileURLToPath } from "node:url";
import { isBinary } from "./assets.ts";
import type { Processes } from "./processes.ts";

/** Lets a promise fail in silence; most writes are done at once and are none. */
function ignore(result: number | Promise<number>): void {
  if (typeof result !== "number") result.catch(() => undefined);
}

/** Starts children under Bun, from source and in the compiled binary. */
export const bunProcesses: Processes = {
  selfCommand(argv) {
    if (isBinary()) return [process.execPath, ...argv];
    return [
      process.execPath,
      fileURLToPath(new URL("../../cli/main.ts", import.meta.url)),
      ...argv,
    ];
  },
  childEnv: {
    // bun 1.4: ends a child with its parent, also inside an endless native call, which would else
    // run for ever. Linux; drop when a pipe that closes can interrupt such a call.
    BUN_FEATURE_FLAG_NO_ORPHANS: "1",
    // Makes the collector believe in a small machine: 100,000 hooks then stay flat.
    BUN_JSC_forceRAMSize: "100000000",
  },
  spawn({ command, env, cwd }) {
    const child = Bun.spawn([...command], {
      env: { ...env },
      cwd,
      stdin: "pipe",
      stdout: "pipe",
      stderr: "ignore",
    });
    return {
      pid: child.pid,
      output: child.stdout,
      write(bytes) {
        // A child that is gone makes both fail, at once or later; `ended` says what matters.
        try {
          ignore(child.stdin.write(bytes));
          ignore(child.stdin.flush());
        } catch {
          // As above.
        }
      },
      kill: () => child.kill("SIGKILL"),
      ended: child.exited.then(() => undefined),
    };
  },
};
