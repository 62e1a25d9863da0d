import { WeirError } from "../../lib/base/errors.ts";
import type { Io } from "../io.ts";
import type { WordsInvocation } from "./command.ts";

/**
 * Prints the JSON Schema of a file format, laid out: it is read by people as well as editors.
 *
 * @throws {WeirError} USAGE_BAD_VALUE for a format that has none
 */
export async function run({ words }: WordsInvocation, io: Io): Promise<number> {
  const [format = ""] = words;
  if (format !== "pipeline") {
    const shown = JSON.stringify(format.slice(0, 60));
    throw new WeirError("USAGE_BAD_VALUE", `There is no schema of ${shown}`, {
      hint: "Write weir schema pipeline",
    });
  }
  const { pipelineJsonSchema } = await import("../../lib/pipeline/schema/json-schema.ts");
  await io.stdout.write(`${JSON.stringify(pipelineJsonSchema(), null, 2)}\n`);
  return 0;
}
