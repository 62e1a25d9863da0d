import { parseDuration } from "../base/duration.ts";
import { toWeirError } from "../base/errors.ts";
import { parseSize } from "../base/sizes.ts";
import { readDocument, type YamlFile } from "./document.ts";
import type { SpecLevel } from "./expand.ts";
import { LoadContext } from "./load/context.ts";
import { checkCircles, checkTargets, warnUnreached } from "./load/graph.ts";
import { findOpenNames, warnOpenNames } from "./load/names.ts";
import { compileStep } from "./load/step.ts";
import { compileTasks } from "./load/tasks.ts";
import { readRoot, type Root } from "./load/root.ts";
import type { Playbook, Step } from "./model.ts";
import { shownName } from "./schema/near.ts";
import type { Source } from "./source.ts";
import { compileValue } from "./values.ts";

/** How a pipeline file is read. */
export interface LoadOptions {
  /** As the user named it; "-" is standard input. */
  readonly file: string;
  /** Takes what is odd as soon as it is found; `Playbook.warnings` has all of it. */
  readonly warn?: ((warning: Playbook["warnings"][number]) => void) | undefined;
}

/**
 * Returns a pipeline file, checked and compiled; nothing is sent, and no other file is read.
 *
 * @param text the file: a playbook, a list of steps, or a list of tasks
 * @throws {WeirError} PIPELINE_INVALID or TEMPLATE_SYNTAX for what stands first in the file, with
 *   file, line, column and frame in its details, and further problems in `details.problems`
 */
export function loadPlaybook(text: string | Uint8Array, options: LoadOptions): Playbook {
  const file = readDocument(text, options.file);
  const load = new LoadContext(file.source, options.warn);
  const root = readRoot(file.data, load);
  const steps = compileSteps(root, load);
  const entry = checkSteps(root, steps, load);
  const output = load.attempt(() =>
    root.output === undefined ? undefined : compileValue(root.output, ["output"], file.source),
  );
  const maxBytes = load.attempt(() => maxBytesOf(root, file.source));
  const openNames = namesOf(file, root, steps, load);
  load.settle();
  return {
    source: file.source,
    name: root.name,
    workload: root.workload,
    keychain: root.keychain,
    plugins: root.plugins,
    steps,
    entry,
    output,
    maxBytes,
    maxDurationMs:
      root.maxDuration === undefined
        ? undefined
        : parseDuration(root.maxDuration, "PIPELINE_INVALID"),
    openNames,
    warnings: load.warnings,
  };
}

function maxBytesOf({ maxBytes }: Root, source: Source): number | undefined {
  if (maxBytes === undefined) return undefined;
  try {
    return parseSize(maxBytes, "PIPELINE_INVALID");
  } catch (error) {
    const { message, hint = "Write 1GB" } = toWeirError(error);
    throw source.error(["executor", "spec", "max_bytes"], { message, hint });
  }
}

function compileSteps(root: Root, load: LoadContext): readonly Step[] {
  const { content, level } = root;
  if (content.kind === "tasks") return [bareStep(root.name, content.nodes, level, load)];
  return content.nodes.flatMap((node, index) => {
    const step = load.attempt(() => compileStep(node, [...content.path, index], level, load));
    return step === undefined ? [] : [step];
  });
}

/** A list of tasks alone is one step, named as the file. */
function bareStep(
  name: string,
  nodes: readonly unknown[],
  level: SpecLevel,
  load: LoadContext,
): Step {
  const around = { step: name, levels: [level], isParallel: false };
  return {
    name,
    description: undefined,
    path: [],
    admit: [],
    loop: undefined,
    tasks: load.attempt(() => compileTasks(nodes, [], around, load)) ?? [],
    mode: "exclusive",
    arcs: [],
    maxIterations: 1000,
  };
}

/** Checks the steps beside each other and returns the name of the one a run starts at. */
function checkSteps(root: Root, steps: readonly Step[], load: LoadContext): string {
  const names = steps.map(({ name }) => name);
  steps.forEach(({ name, path }, index) => {
    if (names.indexOf(name) === index) return;
    load.add(
      load.source.error([...path, "step"], {
        message: `Two steps are named ${shownName(name)}`,
        hint: "Give each a name of its own",
      }),
    );
  });
  // With a step left out for an error of its own, its name would be missed here.
  if (!load.hasErrors) {
    checkTargets(steps, load);
    checkCircles(steps, load);
  }
  const entry = root.entryFor(names);
  warnUnreached(steps, entry, load);
  return entry;
}

function namesOf(file: YamlFile, root: Root, steps: readonly Step[], load: LoadContext) {
  // A label that could not be read would be missed here.
  if (load.hasErrors) return [];
  const names = findOpenNames(file.uses, { steps, workload: root.workload });
  warnOpenNames(names, load);
  return names;
}
