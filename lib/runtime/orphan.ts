import process from "node:process";

/** How often the parent is looked for: an orphan may use a core for this long. */
const LOOK_MS = 100;

/**
 * Says whether something else ends a process with its parent, whatever it does: under Bun on Linux
 * the variable in `bunProcesses.childEnv`. It does not reach a process that is at work on macOS.
 */
function isEndedByRuntime(): boolean {
  return "Bun" in globalThis && process.platform === "linux";
}

/**
 * Makes this process end soon after its parent, also while its only other thread is inside an endless
 * native call: no end of input is seen from there, and no timer runs.
 */
export function endWithParent(): void {
  if (isEndedByRuntime()) return;
  // Deno lets a process end itself, and nothing else, without the permission to run programs.
  const source = `import process from "node:process";
setInterval(() => {
  if (process.ppid !== ${process.ppid}) process.kill(process.pid, "SIGKILL");
}, ${LOOK_MS});`;
  const url = URL.createObjectURL(new Blob([source], { type: "application/javascript" }));
  new Worker(url, { type: "module" });
}
