import { ERRORS, toWeirError } from "../../../lib/base/errors.ts";
import { sanitizeLine } from "../../../lib/base/sanitize.ts";
import type { Playbook } from "../../../lib/pipeline/model.ts";
import type { Flags } from "../../flags.ts";
import type { Io } from "../../io.ts";
import { refuseOffline } from "../../keychain.ts";
import { errorReport } from "../../report.ts";
import { printJson } from "./json-output.ts";
import { countOf } from "./lines.ts";
import { readPlaybook } from "./playbook.ts";
import { authWarnings, runSecrets } from "./secrets.ts";

/** Something odd, and where. */
interface Finding {
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly hint: string;
}

/**
 * Reads a pipeline file and says what is wrong or odd with it; sends nothing.
 *
 * @throws {WeirError} IO_READ, PIPELINE_INVALID, TEMPLATE_*
 */
export async function run(file: string, flags: Flags, io: Io): Promise<number> {
  if (flags.isSet("json")) return await validateJson(file, flags, io);
  const playbook = await readChecked(file, flags, io);
  for (const { line, column, message, hint } of warningsOf(playbook)) {
    await io.warn(`${file}:${line}:${column}: ${message}`);
    await io.stderr.write(`hint: ${sanitizeLine(hint)}\n`);
  }
  const tasks = playbook.steps.reduce((sum, step) => sum + step.tasks.length, 0);
  const counts = `${countOf(playbook.steps.length, "step")}, ${countOf(tasks, "task")}`;
  await io.stdout.write(`${sanitizeLine(file)}: valid, ${counts}\n`);
  return 0;
}

/** Reads a pipeline, and checks what it says of credentials; none of them is opened. */
async function readChecked(file: string, flags: Flags, io: Io): Promise<Playbook> {
  const playbook = await readPlaybook(file, flags, io);
  const tasks = playbook.steps.flatMap((step) => step.tasks);
  const isUsed = tasks.some(({ work }) => work.credentials.length > 0);
  if (!isUsed && playbook.keychain === undefined) return playbook;
  // To trust the file is for the run.
  const options = { file, playbook, flags, io, dial: refuseOffline, isTrusted: true };
  const secrets = await runSecrets(options);
  const warnings = authWarnings(playbook, await secrets.credentials());
  return { ...playbook, warnings: [...playbook.warnings, ...warnings] };
}

/** The exit status tells the same as `valid`. */
async function validateJson(file: string, flags: Flags, io: Io): Promise<number> {
  try {
    const playbook = await readChecked(file, flags, io);
    const { name } = playbook;
    const steps = playbook.steps.map((step) => ({
      name: step.name,
      tasks: step.tasks.map(({ label, kind }) => ({ label, kind })),
    }));
    await printJson({ valid: true, file, name, steps, warnings: warningsOf(playbook) }, io);
    return 0;
  } catch (error) {
    const failure = toWeirError(error);
    if (!/^(?:PIPELINE|TEMPLATE)_/.test(failure.code)) throw failure;
    await printJson({ valid: false, file, ...errorReport(failure), warnings: [] }, io);
    return ERRORS[failure.code].exit;
  }
}

function warningsOf({ source, warnings }: Playbook): readonly Finding[] {
  return warnings.map(({ message, hint, path }) => {
    const { line, column } = source.placeOf(path);
    return { line, column, message, hint };
  });
}
