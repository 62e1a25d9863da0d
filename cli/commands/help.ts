import type { Io } from "../io.ts";
import { commandText, namedText, overviewText } from "../help.ts";
import type { WordsInvocation } from "./command.ts";
import { findCommand } from "./index.ts";

/** Prints help: on weir, on a topic, a command or a flag. */
export async function run({ words, flags }: WordsInvocation, io: Io): Promise<number> {
  const [name] = words;
  await io.stdout.write(textOf(name, flags.isSet("help"), flags.isSet("headers")));
  return 0;
}

/** `--help` and `-h` mean the command they stand beside, `weir help NAME` whatever has that name. */
function textOf(name: string | undefined, isLong: boolean, isShort: boolean): string {
  if (isLong || isShort) {
    return commandText(findCommand(name ?? ""), isLong ? "long" : "short");
  }
  return name === undefined ? overviewText() : namedText(name);
}
