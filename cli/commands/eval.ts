import { lentFunctions } from "../../lib/pipeline/lent-functions.ts";
import { createMemoryJournal } from "../../lib/pipeline/memory-journal.ts";
import { compileTemplate } from "../../lib/template/render.ts";
import type { Io } from "../io.ts";
import type { WordsInvocation } from "./command.ts";
import { printJson } from "./run/json-output.ts";
import { readMapFile } from "./run/workload.ts";

/**
 * Prints the value of a template as JSON.
 *
 * @throws {WeirError} TEMPLATE_*, IO_READ, DATA_BAD_JSON
 */
export async function run({ words, flags }: WordsInvocation, io: Io): Promise<number> {
  const [text = ""] = words;
  const template = compileTemplate(text, { name: "template" });
  const file = flags.text("context");
  const context = file === undefined ? {} : await readMapFile(file, "--context", io);
  const { runtime } = io;
  const journal = createMemoryJournal();
  const lent = lentFunctions(
    { clock: runtime.clock, random: (count) => runtime.random(count), journal },
    () => "",
  );
  await printJson(template.evaluate(context, lent), io);
  return 0;
}
