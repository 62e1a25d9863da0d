import { codeOf, messageOf, WeirError } from "../lib/base/errors.ts";
import { sanitizeLine } from "../lib/base/sanitize.ts";
import type { Output, Runtime } from "../lib/runtime/runtime.ts";

/** What a command may do to the world, faked in tests. */
export interface Io {
  readonly runtime: Runtime;
  /** Base name the program was called by: `weir`, or `weirs` whose default scheme is https. */
  readonly programName: string;
  /** Standard output; a write that fails is a WeirError, or sets `isReaderGone`. */
  readonly stdout: Output;
  readonly stderr: Output;
  /** Aborts, with a WeirError as its reason, when weir is told to stop. */
  readonly signal: AbortSignal;
  readonly isStdoutTerminal: boolean;
  readonly colourWish: ColourWish;
  /** True when what goes to standard output should have colours, as far as no flag says else. */
  readonly isStdoutColoured: boolean;
  readonly isStderrColoured: boolean;
  /** Columns of the terminal at standard output, 80 when it is none. */
  readonly columns: number;
  /** True once nobody reads standard output any more: the rest of the work is pointless. */
  readonly isReaderGone: boolean;
  /** Returns an environment variable, undefined when it is not set. */
  env(name: string): string | undefined;
  /** Writes `weir: warning: TEXT` to standard error, sanitized. Never rejects. */
  warn(text: string): Promise<void>;
  /** Resolves when every write that was begun has ended, the ones nobody waits for included. */
  flush(): Promise<void>;
  /** Returns this io with another signal, or without warnings. */
  with(changes: IoChanges): Io;
}

/** What `Io.with` changes. */
export interface IoChanges {
  readonly signal?: AbortSignal;
  readonly isSilent?: boolean;
}

/** What the environment says about colours; "auto" leaves it to whether a terminal is there. */
export type ColourWish = "auto" | "always" | "never";

/**
 * Returns what the environment says about colours. NO_COLOR wins over CLICOLOR_FORCE, and that over
 * a TERM without colours.
 *
 * An empty variable counts as not set (no-color.org), and so does CLICOLOR_FORCE=0.
 */
export function colourWish(env: (name: string) => string | undefined): ColourWish {
  if ((env("NO_COLOR") ?? "") !== "") return "never";
  const force = env("CLICOLOR_FORCE") ?? "";
  if (force !== "" && force !== "0") return "always";
  return env("TERM") === "dumb" ? "never" : "auto";
}

/** What is learned about the streams while they are used; shared by every io of one run. */
interface StreamState {
  isReaderGone: boolean;
  /** Writes that have not ended; they never reject. */
  readonly pending: Set<Promise<void>>;
}

class SystemIo implements Io {
  readonly runtime: Runtime;
  readonly programName: string;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly signal: AbortSignal;
  readonly #state: StreamState;
  readonly #isSilent: boolean;

  constructor(
    from: Pick<Io, "runtime" | "programName" | "signal">,
    state: StreamState,
    isSilent: boolean,
  ) {
    this.runtime = from.runtime;
    this.programName = from.programName;
    this.signal = from.signal;
    this.stdout = watched(from.runtime.stdout, "standard output", state, () => {
      state.isReaderGone = true;
    });
    this.stderr = watched(from.runtime.stderr, "standard error", state, () => undefined);
    this.#state = state;
    this.#isSilent = isSilent;
  }

  // Asked for when needed: on the path of a plain request each look at a terminal costs time.
  get isStdoutTerminal(): boolean {
    return this.stdout.isTerminal();
  }

  get colourWish(): ColourWish {
    return colourWish((name) => this.env(name));
  }

  get isStdoutColoured(): boolean {
    return this.#isColoured(this.stdout);
  }

  get isStderrColoured(): boolean {
    return this.#isColoured(this.stderr);
  }

  get columns(): number {
    return this.stdout.columns();
  }

  get isReaderGone(): boolean {
    return this.#state.isReaderGone;
  }

  env(name: string): string | undefined {
    return this.runtime.env(name);
  }

  async warn(text: string): Promise<void> {
    if (this.#isSilent) return;
    const word = this.isStderrColoured ? "\u001b[33mwarning:\u001b[39m" : "warning:";
    // A warning that cannot be written must not stop the work it is about.
    await this.stderr.write(`weir: ${word} ${sanitizeLine(text)}\n`).catch(() => undefined);
  }

  async flush(): Promise<void> {
    await Promise.all(this.#state.pending);
  }

  #isColoured(output: Output): boolean {
    const wish = this.colourWish;
    return wish === "always" || (wish === "auto" && output.isTerminal());
  }

  with({ signal = this.signal, isSilent = this.#isSilent }: IoChanges): Io {
    const { runtime, programName } = this;
    return new SystemIo({ runtime, programName, signal }, this.#state, isSilent);
  }
}

/** Returns `output`, with errors of weir; `onReaderGone` hears of a pipe that nobody reads. */
function watched(
  output: Output,
  name: string,
  { pending }: StreamState,
  onReaderGone: () => void,
): Output {
  return {
    isTerminal: () => output.isTerminal(),
    columns: () => output.columns(),
    async write(data) {
      const written = output.write(data);
      const ended: Promise<void> = written.catch(() => undefined);
      pending.add(ended);
      try {
        await written;
      } catch (error) {
        if (codeOf(error) === "EPIPE") onReaderGone();
        throw new WeirError("IO_WRITE", `Cannot write to ${name}: ${messageOf(error)}`, {
          hint: "See whether the disk is full or the stream was closed",
          cause: error,
        });
      } finally {
        pending.delete(ended);
      }
    },
  };
}

/**
 * Returns the io of a process.
 *
 * @param calledAs what the program was started as: a name or a path
 */
export function createIo(runtime: Runtime, calledAs: string): Io {
  const base = calledAs.split(/[/\\]/).at(-1) ?? "";
  const programName = base.replace(/\.exe$/i, "");
  // Never aborts: run() puts its own signal in its place.
  const { signal } = new AbortController();
  return new SystemIo(
    { runtime, programName, signal },
    { isReaderGone: false, pending: new Set() },
    false,
  );
}
