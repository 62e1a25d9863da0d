import type { Io } from "../io.ts";
import { versionText } from "../version.ts";
import type { WordsInvocation } from "./command.ts";

/** Prints version, commit and runtime on one line. */
export async function run(_invocation: WordsInvocation, io: Io): Promise<number> {
  await io.stdout.write(`${versionText(io.runtime)}\n`);
  return 0;
}
