import { type ChildProcess, detectProcesses, type Processes } from "../runtime/processes.ts";
import { SANDBOX_WORD } from "../runtime/sandbox-word.ts";
import { DEFAULT_LIMITS } from "./limits.ts";

/** Starts a sandbox child. */
export function spawnSandbox(processes: Processes, memoryMb: number): ChildProcess {
  return processes.spawn({
    command: processes.selfCommand([SANDBOX_WORD, String(memoryMb)]),
    env: processes.childEnv,
    // Not the working directory: nothing there may change what the child does.
    cwd: "/",
  });
}

/**
 * Starts a child before anything else of this room is loaded, and returns processes whose first child
 * is that one. A child nobody takes ends with weir.
 */
export async function startEarly(): Promise<Processes> {
  const processes = await detectProcesses();
  let ready: ChildProcess | undefined = spawnSandbox(processes, DEFAULT_LIMITS.memoryMb);
  return {
    ...processes,
    spawn(options) {
      const child = ready;
      ready = undefined;
      return child ?? processes.spawn(options);
    },
  };
}
