import { WeirError } from "../base/errors.ts";

/** Long enough for a person to unlock a password manager. */
const TIMEOUT_MS = 60_000;
const CAP_BYTES = 64 * 1024;

/**
 * Runs the program of a secret and returns what it printed.
 *
 * @throws {WeirError} SECRET_UNRESOLVED, which never quotes the output
 */
export async function runSecretCommand(argv: readonly string[]): Promise<string> {
  // Few commands need it, and node:child_process takes a while to load.
  const { runCommand } = await import("../runtime/run-command.ts");
  const result = await runCommand(argv, { timeoutMs: TIMEOUT_MS, capBytes: CAP_BYTES });
  switch (result.kind) {
    case "done":
      return decoded(result.output, argv);
    case "failed": {
      const how = result.status === undefined ? "was ended" : `ended with ${result.status}`;
      throw unresolved(argv, how, "Run it by hand to see what it says");
    }
    case "unstarted": {
      const code = result.code === "" ? "" : ` (${result.code})`;
      throw unresolved(
        argv,
        `cannot be started${code}`,
        "Name a program in PATH, or its whole path",
      );
    }
    case "timeout":
      throw unresolved(argv, `took longer than ${TIMEOUT_MS / 1000} s`, "Run it by hand first");
    case "too_large":
      throw unresolved(argv, "printed more than 64 KiB", "Let it print the value only");
  }
}

/**
 * Runs nothing: what an agent does until its operator allows commands.
 *
 * @throws {WeirError} SECRET_UNRESOLVED
 */
export function refuseSecretCommand(argv: readonly string[]): Promise<string> {
  const hint = "The operator can set keychain_commands = true under [security]";
  return Promise.reject(unresolved(argv, "is not run for an agent", hint));
}

function decoded(output: Uint8Array, argv: readonly string[]): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(output);
  } catch {
    throw unresolved(argv, "printed no UTF-8 text", "Let it print the value as text");
  }
}

function unresolved(argv: readonly string[], problem: string, hint: string): WeirError {
  // Arguments may hold a secret themselves.
  return new WeirError("SECRET_UNRESOLVED", `Secret command ${argv[0]} ${problem}`, { hint });
}
