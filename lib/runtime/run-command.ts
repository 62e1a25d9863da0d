import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import process from "node:process";

/** Bounds of a program that is run for its output. */
export interface CommandLimits {
  readonly timeoutMs: number;
  readonly capBytes: number;
}

/** What became of a program. */
export type CommandResult =
  | { readonly kind: "done"; readonly output: Uint8Array }
  | { readonly kind: "failed"; readonly status: number | undefined }
  /** It could not be started; `code` is the system's, such as ENOENT. */
  | { readonly kind: "unstarted"; readonly code: string }
  | { readonly kind: "timeout" }
  | { readonly kind: "too_large" };

/**
 * Runs a program with the environment of weir and returns what it wrote to standard output.
 *
 * No shell reads the words. It gets no standard input, its standard error is thrown away, and it
 * starts in the home folder: the working directory may be somebody else's project.
 */
export async function runCommand(
  argv: readonly string[],
  { timeoutMs, capBytes }: CommandLimits,
): Promise<CommandResult> {
  const [file = "", ...words] = argv;
  const { promise, resolve } = Promise.withResolvers<CommandResult>();
  const home = process.env["HOME"];
  const cwd = home?.startsWith("/") === true ? home : "/";
  const child = spawn(file, words, { cwd, stdio: ["ignore", "pipe", "ignore"] });
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  // A program it started may hold its output open; nobody waits for that.
  const stop = (result: CommandResult): void => {
    child.kill("SIGKILL");
    child.stdout.destroy();
    resolve(result);
  };
  const timer = setTimeout(() => stop({ kind: "timeout" }), timeoutMs);
  child.stdout.on("data", (chunk: Uint8Array) => {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > capBytes) stop({ kind: "too_large" });
    else chunks.push(chunk);
  });
  child.once("error", (error: NodeJS.ErrnoException) =>
    resolve({ kind: "unstarted", code: error.code ?? "" }),
  );
  child.once("close", (status) =>
    resolve(
      status === 0
        ? { kind: "done", output: Buffer.concat(chunks) }
        : { kind: "failed", status: status ?? undefined },
    ),
  );
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}
