import type { Clock } from "../../lib/base/clock.ts";
import { systemClock } from "../../lib/base/clock.ts";
import type { Input, Output, Runtime } from "../../lib/runtime/runtime.ts";
import { createIo, type Io } from "../../cli/io.ts";

/** What a test decides about the world of a command. */
export interface FakeIoOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly isStdoutTerminal?: boolean;
  readonly isStderrTerminal?: boolean;
  /** What the program was started as; default "weir". */
  readonly calledAs?: string;
  readonly clock?: Clock;
  /** Thrown by every write to standard output. */
  readonly stdoutError?: Error;
  /** Thrown by every write to standard error. */
  readonly stderrError?: Error;
}

/** An io whose streams end in strings. */
export interface FakeIo {
  readonly io: Io;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Sends a signal to the command that runs. */
  readonly send: (signal: "SIGINT" | "SIGTERM") => void;
  /** Returns how many listen for signals. */
  readonly listenerCount: () => number;
}

/** Returns an error with the code of the system. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: faked`), { code });
}

class Sink implements Output {
  readonly #isTerminal: boolean;
  readonly #error: Error | undefined;
  text = "";

  constructor(isTerminal = false, error?: Error) {
    this.#isTerminal = isTerminal;
    this.#error = error;
  }

  isTerminal(): boolean {
    return this.#isTerminal;
  }

  columns(): number {
    return 80;
  }

  write(data: Uint8Array | string): Promise<void> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    this.text += typeof data === "string" ? data : new TextDecoder().decode(data);
    return Promise.resolve();
  }
}

const NO_INPUT: Input = {
  kind: () => "null",
  sizeBytes: () => undefined,
  isReady: () => false,
  async *chunks() {
    // Nothing comes from /dev/null.
  },
  askSecret: () => Promise.resolve(undefined),
};

function refuse(): never {
  throw new Error("The fake io has no files and no network");
}

/** Returns an io that prints into strings, knows only `options.env` and hears only `send`. */
export function fakeIo(options: FakeIoOptions = {}): FakeIo {
  const stdout = new Sink(options.isStdoutTerminal, options.stdoutError);
  const stderr = new Sink(options.isStderrTerminal, options.stderrError);
  const listeners = new Set<(signal: "SIGINT" | "SIGTERM") => void>();
  const runtime: Runtime = {
    name: "bun",
    version: "0.0.0",
    clock: options.clock ?? systemClock,
    network: { resolve: refuse, connect: refuse, connectUnix: refuse, ownAddresses: refuse },
    files: new Proxy({} as Runtime["files"], { get: () => refuse }),
    stdin: NO_INPUT,
    stdout,
    stderr,
    env: (name) => options.env?.[name],
    random: refuse,
    onSignal(task) {
      listeners.add(task);
      return () => listeners.delete(task);
    },
    isHeldOpen: () => false,
    cwd: () => "/",
  };
  return {
    io: createIo(runtime, options.calledAs ?? "weir"),
    stdout: () => stdout.text,
    stderr: () => stderr.text,
    send: (signal) => listeners.forEach((listener) => listener(signal)),
    listenerCount: () => listeners.size,
  };
}
