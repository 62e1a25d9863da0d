import { WeirError } from "../../lib/base/errors.ts";
import { nearestName } from "../../lib/base/nearest.ts";
import { completionScript, SHELL_NAMES } from "../completion/index.ts";
import type { Io } from "../io.ts";
import type { WordsInvocation } from "./command.ts";

/**
 * Prints the script that completes weir in a shell.
 *
 * @throws {WeirError} USAGE_BAD_VALUE for a shell that is not known
 */
export async function run({ words }: WordsInvocation, io: Io): Promise<number> {
  const shell = words[0] ?? "";
  const script = completionScript(shell);
  if (script === undefined) throw unknownShell(shell);
  await io.stdout.write(script);
  return 0;
}

function unknownShell(shell: string): WeirError {
  const near = nearestName(shell.slice(0, 40), SHELL_NAMES);
  const hint =
    near === undefined
      ? `Choose one of: ${SHELL_NAMES.join(", ")}`
      : `Did you mean weir completion ${near}?`;
  return new WeirError("USAGE_BAD_VALUE", `No completion for the shell ${shell}`, { hint });
}
