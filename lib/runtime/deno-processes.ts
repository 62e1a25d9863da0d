import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Processes } from "./processes.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Starts children under Deno, through its node: modules. */
export const denoProcesses: Processes = {
  selfCommand: (argv) => [
    process.execPath,
    "run",
    "--quiet",
    "--no-prompt",
    "--no-lock",
    // The child reads its own source and nothing else; it has no network, no writing, no programs.
    `--allow-read=${ROOT}`,
    "--allow-env",
    `${ROOT}/cli/main.ts`,
    ...argv,
  ],
  childEnv: { DENO_NO_UPDATE_CHECK: "1" },
  spawn({ command, env, cwd }) {
    const [file = "", ...argv] = command;
    const child = spawn(file, argv, { env: { ...env }, cwd, stdio: ["pipe", "pipe", "ignore"] });
    // Writing to a child that has ended is an error of the stream; `ended` says what matters.
    child.stdin.on("error", () => undefined);
    return {
      pid: child.pid ?? 0,
      output: child.stdout,
      write: (bytes) => void child.stdin.write(bytes),
      kill: () => void child.kill("SIGKILL"),
      ended: new Promise((resolve) => {
        child.once("close", () => resolve());
        child.once("error", () => resolve());
      }),
    };
  },
};
