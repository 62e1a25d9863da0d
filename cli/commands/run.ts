import { WeirError } from "../../lib/base/errors.ts";
import type { Flags } from "../flags.ts";
import type { Io } from "../io.ts";
import type { WordsInvocation } from "./command.ts";

/** One word after `weir run` that is no file. */
interface RunCommand {
  readonly name: string;
  /** What follows it; undefined for nothing. */
  readonly takes: "file" | "ref" | undefined;
  readonly load: () => Promise<{ run(word: string, flags: Flags, io: Io): Promise<number> }>;
}

/** Every run command. A new one is a file and a row here. */
const RUN_COMMANDS: readonly RunCommand[] = [
  { name: "validate", takes: "file", load: () => import("./run/validate.ts") },
  { name: "plan", takes: "file", load: () => import("./run/plan.ts") },
  { name: "result", takes: "ref", load: () => import("./run/result.ts") },
  { name: "gc", takes: undefined, load: () => import("./run/gc.ts") },
];

/** Words that will be commands. */
const LATER_COMMANDS = ["resume", "list", "show", "watch", "rm"];

/**
 * Runs a pipeline file, or does with it what the word before it says.
 *
 * @throws {WeirError} USAGE_*, IO_READ, PIPELINE_INVALID, PIPELINE_FAILED, CONFIG_*
 */
export async function run({ words, flags }: WordsInvocation, io: Io): Promise<number> {
  const [first = "", second] = words;
  if (LATER_COMMANDS.includes(first)) {
    throw new WeirError(
      "USAGE_NOT_SUPPORTED",
      `weir run ${first} is not available in this version`,
      {
        hint: `weir help run says what is; for a file of that name write ./${first}`,
      },
    );
  }
  const command = RUN_COMMANDS.find(({ name }) => name === first);
  if (command === undefined) {
    if (second !== undefined) throw noUse(second, `weir run ${first}`);
    return await runFile(first, flags, io);
  }
  const usage = `weir run ${first}${command.takes === undefined ? "" : ` <${command.takes}>`}`;
  if (command.takes === undefined && second !== undefined) throw noUse(second, usage);
  if (command.takes !== undefined && second === undefined) {
    throw new WeirError("USAGE_MISSING_VALUE", `weir run ${first} lacks the ${command.takes}`, {
      hint: `Usage: ${usage}; for a file of that name write ./${first}`,
    });
  }
  return await (await command.load()).run(second ?? "", flags, io);
}

async function runFile(file: string, flags: Flags, io: Io): Promise<number> {
  const work = flags.isSet("dry-run")
    ? await import("./run/plan.ts")
    : await import("./run/execute.ts");
  return await work.run(file, flags, io);
}

function noUse(word: string, usage: string): WeirError {
  const shown = JSON.stringify(word.slice(0, 80));
  return new WeirError("USAGE_BAD_VALUE", `weir run has no use for ${shown}`, {
    hint: `Usage: ${usage}`,
  });
}
