import { existsSync, readdirSync, readFileSync } from "node:fs";

/** True where processes can be looked at: Linux. */
export const hasProcesses = existsSync("/proc/self/stat");

/** Fields of a process after its name, from its state on; undefined when it has ended. */
function fieldsOf(pid: number | string): readonly string[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ");
  } catch {
    // It ended meanwhile.
    return undefined;
  }
}

/** Returns the process ids of the children of `pid` that live. */
export function childrenOf(pid: number): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      const [state, parent] = fieldsOf(name) ?? [];
      return state !== "Z" && Number(parent) === pid;
    })
    .map(Number);
}

/** Says whether a process is there and has not ended. */
export function isAlive(pid: number): boolean {
  const [state = "Z"] = fieldsOf(pid) ?? [];
  return state !== "Z" && state !== "X";
}

/** Returns the time a process has spent on a core, in hundredths of a second. */
export function ticksOf(pid: number): number {
  return Number(fieldsOf(pid)?.[11] ?? 0);
}

/** Returns the same with the time that the system worked for it. */
export function allTicksOf(pid: number): number {
  return ticksOf(pid) + Number(fieldsOf(pid)?.[12] ?? 0);
}

/** Ends a process with SIGKILL if it is there. */
export function endProcess(pid: number): void {
  if (pid > 0 && isAlive(pid)) process.kill(pid, "SIGKILL");
}

/** Resolves to whether `isTrue` came to hold in `limitMs`. */
export async function comesTrue(isTrue: () => boolean, limitMs = 20_000): Promise<boolean> {
  for (const endMs = performance.now() + limitMs; performance.now() < endMs;) {
    if (isTrue()) return true;
    await Bun.sleep(10);
  }
  return isTrue();
}
