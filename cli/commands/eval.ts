import { randomUUID } from "node:crypto";
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
  const { clock } = io.runtime;
  const value = template.evaluate(context, {
    functions: { now: () => new Date(clock.now()).toISOString(), uuid: () => randomUUID() },
    random: Math.random,
  });
  await printJson(value, io);
  return 0;
}
