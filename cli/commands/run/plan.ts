import { sanitizeLine } from "../../../lib/base/sanitize.ts";
import {
  createMemoryJournal,
  mergeWorkload,
  planPlaybook,
  type RunPlan,
  type StepPlan,
} from "../../../lib/pipeline/index.ts";
import type { Flags } from "../../flags.ts";
import type { Io } from "../../io.ts";
import { printJson } from "./json-output.ts";
import { readPlaybook } from "./playbook.ts";
import { readWorkload } from "./workload.ts";

/**
 * Prints what a pipeline would do; no name is looked up and no connection made.
 *
 * @throws {WeirError} IO_READ, PIPELINE_INVALID, TEMPLATE_*, USAGE_BAD_VALUE
 */
export async function run(file: string, flags: Flags, io: Io): Promise<number> {
  const playbook = await readPlaybook(file, flags, io);
  const given = await readWorkload(flags, io, mergeWorkload);
  const { runtime } = io;
  const workload = mergeWorkload(playbook.workload, given);
  const plan = planPlaybook(playbook, workload, {
    clock: runtime.clock,
    random: (count) => runtime.random(count),
    journal: createMemoryJournal(),
  });
  if (flags.isSet("json")) await printJson(plan, io);
  else await io.stdout.write(planText(plan));
  return 0;
}

function planText({ pipeline, entry, steps }: RunPlan): string {
  const head = `${pipeline}: starts at ${entry}`;
  // What templates make of the file may hold anything.
  const lines = [head, ...steps.flatMap((step) => ["", ...stepLines(step)])].map(sanitizeLine);
  return `${lines.join("\n")}\n`;
}

function stepLines({ step, desc, loop, tasks, next }: StepPlan): readonly string[] {
  return [
    desc === undefined ? step : `${step}: ${desc}`,
    ...(loop === undefined ? [] : [`  for ${loop}`]),
    ...tasks.flatMap(({ task, kind, does, rules }) => [
      `  ${task} (${kind})`,
      ...does.map((line) => `    ${line}`),
      ...rules.map((rule) => `    ${rule}`),
    ]),
    ...next.map((line) => `  then ${line}`),
  ];
}
