import { writeFileSync } from "node:fs";
import { join } from "node:path";

// A shell stands between the tests and the program: it makes real pipes and closes descriptors.
// The pipes of Bun.spawn are sockets, and weir tells the two apart.

/**
 * What stands behind standard input.
 *
 * - `"null"`: /dev/null, as under cron
 * - `"closed"`: nothing is open there
 * - `"pipe-open"`: a pipe whose writer stays and writes nothing
 * - `"socket"`: a socket that stays open and silent, as child processes of Node get it
 * - `"terminal"`: the pseudo-terminal (needs `tty`)
 * - `pipe`: a real pipe that carries these bytes, then ends
 * - `chunks`: the same, one chunk each `gapMs`
 * - `file`: a regular file with these bytes
 */
export type Stdin =
  | "null"
  | "closed"
  | "pipe-open"
  | "socket"
  | "terminal"
  | { readonly pipe: string | Uint8Array }
  | { readonly chunks: readonly (string | Uint8Array)[]; readonly gapMs: number }
  | { readonly file: string | Uint8Array };

/** Printed to a terminal after the program: what comes before it has then been read. */
const MARK = "\x1e\x1eended\x1e";

function quote(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`;
}

/** Shell words in front of the program and behind it that give it its standard input. */
function stdinWords(stdin: Stdin, folder: string): readonly [before: string, after: string] {
  if (stdin === "null") return ["", "</dev/null"];
  if (stdin === "closed") return ["", "<&-"];
  if (stdin === "socket" || stdin === "terminal") return ["", ""];
  if (stdin === "pipe-open" || "chunks" in stdin) return ["cat | ", ""];
  const path = join(folder, "stdin");
  writeFileSync(path, "pipe" in stdin ? stdin.pipe : stdin.file);
  return "pipe" in stdin ? [`cat ${quote(path)} | `, ""] : ["", `<${quote(path)}`];
}

/**
 * Returns the script that runs its arguments.
 *
 * The program's id, status and stderr go to files in `folder`: the shell's own status is that of
 * the last `cat`. A trap that does nothing lets the shell outlive a signal to the whole group, and
 * is reset in the program.
 */
export function shellScript(stdin: Stdin, tty: boolean | "all", folder: string): string {
  const path = (name: string): string => quote(join(folder, name));
  const [before, after] = stdinWords(stdin, folder);
  const errors = tty === "all" ? "" : `2>${path("stderr")}`;
  const start = `sh -c 'echo $$ >"$0"; exec "$@"' ${path("pid")} "$@" ${after} ${errors}`;
  const mark = tty === false ? "" : `printf %s '${MARK}';`;
  const program = `${before}{ trap : INT TERM; ${start}; echo $? >${path("exit")}; ${mark} }`;
  return tty === false ? `${program} | (trap '' INT TERM; exec cat)` : program;
}

/** Returns terminal output up to the mark. */
export function withoutMark(output: Buffer): Buffer {
  const at = output.lastIndexOf(MARK);
  return at < 0 ? output : output.subarray(0, at);
}

/** A shell that runs, and its two ends. */
export interface Stage {
  readonly exited: Promise<number>;
  /** Resolves when all output was read. */
  readonly drained: Promise<void>;
  write(data: string | Uint8Array): void;
  endInput(): void;
  /** Kills the shell and everything in it. */
  stop(): void;
}

/** Where the shell runs. */
export interface Place {
  readonly cwd: string;
  readonly env: Record<string, string>;
}

/** Starts a shell whose stdout comes back through `onData`. */
export function openPiped(
  words: string[],
  place: Place,
  onData: (chunk: Uint8Array) => void,
): Stage {
  const child = Bun.spawn(words, {
    ...place,
    detached: true,
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const read = async (): Promise<void> => {
    for await (const chunk of child.stdout) onData(chunk);
  };
  return {
    exited: child.exited,
    drained: read(),
    write(data) {
      void child.stdin.write(data);
      void child.stdin.flush();
    },
    endInput: () => void child.stdin.end(),
    // The negative id names the group that `detached` made.
    stop: () => void process.kill(-child.pid, "SIGKILL"),
  };
}

/** Starts a shell on a pseudo-terminal of 80 columns. */
export function openTerminal(
  words: string[],
  place: Place,
  onData: (chunk: Uint8Array) => void,
): Stage {
  const drained = Promise.withResolvers<void>();
  let tail = "";
  const terminal = new Bun.Terminal({
    cols: 80,
    rows: 24,
    data(_, chunk) {
      onData(chunk);
      tail = (tail + Buffer.from(chunk).toString("latin1")).slice(-2 * MARK.length);
      if (tail.includes(MARK)) drained.resolve();
    },
    exit: () => drained.resolve(),
  });
  const child = Bun.spawn(words, { ...place, detached: true, terminal });
  const exited = Promise.all([child.exited, drained.promise]).then(([status]) => {
    terminal.close();
    return status;
  });
  return {
    exited,
    drained: drained.promise,
    write: (data) => void terminal.write(data),
    // Ctrl-D.
    endInput: () => void terminal.write("\x04"),
    stop() {
      process.kill(-child.pid, "SIGKILL");
      terminal.close();
    },
  };
}
