import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  openPiped,
  openTerminal,
  shellScript,
  type Stage,
  type Stdin,
  withoutMark,
} from "./shell.ts";
import { commandOf, type Target } from "./targets.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** How a program is run. */
export interface RunOptions {
  /** Default "null". */
  readonly stdin?: Stdin;
  /** Added to the clean environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default: an empty folder of its own. */
  readonly cwd?: string;
  /** HOME, and the parent of every XDG folder. Default: an empty folder of its own. */
  readonly home?: string;
  /** True puts stdout on a pseudo-terminal of 80 columns, "all" stderr too. */
  readonly tty?: boolean | "all";
  /** Default 20 s; then the program is killed and the run fails. */
  readonly timeoutMs?: number;
}

/** `RunOptions` for weir itself. */
export interface CliOptions extends RunOptions {
  /** Default "source". */
  readonly target?: Target;
}

/** What a program left behind. */
export interface CliResult {
  /** As UTF-8. */
  readonly stdout: string;
  /** Not enumerable: a comparison that fails would print every byte. */
  readonly stdoutBytes: Uint8Array;
  readonly stderr: string;
  /** 128 + signal when a signal ended it. */
  readonly exit: number;
  readonly durationMs: number;
}

/** A program that runs. */
export interface RunningCli {
  /** Sends a signal to the program. */
  signal(name: "SIGINT" | "SIGTERM" | "SIGKILL"): void;
  /** Resolves when it has ended; rejects after `timeoutMs`. */
  readonly result: Promise<CliResult>;
  /** Types `text` on the pseudo-terminal. */
  type(text: string): void;
  /** Everything on stdout so far, as UTF-8. */
  stdoutSoFar(): string;
}

/** Returns the environment: nothing of the caller's but where programs are and where to write. */
function environment(home: string, options: RunOptions): Record<string, string> {
  const base: Record<string, string | undefined> = {
    PATH: process.env["PATH"],
    HOME: home,
    XDG_CONFIG_HOME: join(home, ".config"),
    XDG_DATA_HOME: join(home, ".local", "share"),
    XDG_STATE_HOME: join(home, ".local", "state"),
    XDG_CACHE_HOME: join(home, ".cache"),
    LANG: "C.UTF-8",
    TERM: "xterm-256color",
    ...options.env,
  };
  return Object.fromEntries(
    Object.entries(base).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

/** Plays the writer of a pipe that outlives the program: the shell waits for every part of it. */
async function feed(stdin: Stdin, stage: Stage, isDone: () => boolean): Promise<void> {
  if (typeof stdin === "object" && "chunks" in stdin) {
    for (const chunk of stdin.chunks) {
      await Bun.sleep(stdin.gapMs);
      stage.write(chunk);
    }
  }
  const isHeldOpen = stdin === "pipe-open" || stdin === "socket";
  while (isHeldOpen && !isDone()) await Bun.sleep(2);
  // A terminal has nothing to end: who reads it is the program, or the cat in front of it.
  if (stdin !== "terminal") stage.endInput();
}

function readIfThere(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

/** Starts a program under `options`; the caller must await `result`. */
export function startProgram(command: readonly string[], options: RunOptions = {}): RunningCli {
  const { stdin = "null", tty = false, timeoutMs = 20_000 } = options;
  const folder = temporaryFolder();
  const file = (name: string): string => join(folder.path, name);
  const home = options.home ?? file("home");
  const cwd = options.cwd ?? file("work");
  for (const path of [home, cwd]) mkdirSync(path, { recursive: true });
  const chunks: Uint8Array[] = [];
  const output = (): Buffer => Buffer.concat(chunks);
  const startedAtMs = performance.now();
  const open = tty === false ? openPiped : openTerminal;
  const stage = open(
    ["sh", "-c", shellScript(stdin, tty, folder.path), "sh", ...command],
    { cwd, env: environment(home, options) },
    (chunk) => void chunks.push(Uint8Array.from(chunk)),
  );
  const finish = async (): Promise<CliResult> => {
    using _folder = folder;
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      stage.stop();
    }, timeoutMs);
    const isDone = (): boolean => isLate || existsSync(file("exit"));
    const [status] = await Promise.all([stage.exited, stage.drained, feed(stdin, stage, isDone)]);
    clearTimeout(timer);
    const stdoutBytes = withoutMark(output());
    const stdout = stdoutBytes.toString("utf8");
    const stderr = readIfThere(file("stderr")) ?? "";
    if (isLate) {
      const said = `${stdout}\n${stderr}`.trim();
      throw new Error(`Still running after ${timeoutMs} ms: ${command.join(" ")}\n${said}`);
    }
    const exit = Number(readIfThere(file("exit")) ?? status);
    const durationMs = performance.now() - startedAtMs;
    const result = { stdout, stderr, exit, durationMs };
    // The property that makes it a CliResult is the one being defined.
    return Object.defineProperty(result, "stdoutBytes", { value: stdoutBytes }) as CliResult;
  };
  return {
    signal(name) {
      const id = readIfThere(file("pid"));
      if (id !== undefined) process.kill(Number(id), name);
    },
    type: (text) => stage.write(text),
    stdoutSoFar: () => output().toString("utf8"),
    result: finish(),
  };
}

/** Runs a program to its end. */
export function runProgram(command: readonly string[], options?: RunOptions): Promise<CliResult> {
  return startProgram(command, options).result;
}

/** Starts weir; for tests that signal it or look while it runs. */
export function startCli(argv: readonly string[], options: CliOptions = {}): RunningCli {
  return startProgram([...commandOf(options.target ?? "source"), ...argv], options);
}

/** Runs weir with `argv` in a clean environment and returns what it printed and its status. */
export function runCli(argv: readonly string[], options?: CliOptions): Promise<CliResult> {
  return startCli(argv, options).result;
}
