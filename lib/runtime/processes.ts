/** How a child is started. */
export interface SpawnOptions {
  readonly command: readonly string[];
  /** The whole environment of the child; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** A child whose standard input and output are pipes, and whose standard error is thrown away. */
export interface ChildProcess {
  readonly pid: number;
  /** Yields what the child writes until it closes its output. */
  readonly output: AsyncIterable<Uint8Array>;
  /** Hands bytes to the child at once; bytes for a child that has ended are lost. */
  write(bytes: Uint8Array): void;
  /** Ends the child with SIGKILL. Safe to call twice. */
  kill(): void;
  /** Resolves when the child has ended. */
  readonly ended: Promise<void>;
}

/** Standard input and output without an event loop, for a program that only answers. */
export interface BlockingStdio {
  /** Fills `into` from its start and returns the count; 0 when the input has ended. */
  read(into: Uint8Array): number;
  /** Returns when every byte is written. */
  write(bytes: Uint8Array): void;
}

/** What starting weir again as a child needs. */
export interface Processes {
  /** Returns the words that start weir with `argv`, able to do no more than it needs. */
  selfCommand(argv: readonly string[]): readonly string[];
  /** Returns the environment that makes a child small and ends it with its parent. */
  readonly childEnv: Readonly<Record<string, string>>;
  spawn(options: SpawnOptions): ChildProcess;
}

/** Returns how this runtime starts children; not part of `Runtime`, since a plain request starts none. */
export async function detectProcesses(): Promise<Processes> {
  if ("Bun" in globalThis) return (await import("./bun-processes.ts")).bunProcesses;
  return (await import("./deno-processes.ts")).denoProcesses;
}
