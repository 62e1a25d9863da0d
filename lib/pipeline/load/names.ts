import { nearestName } from "../../base/nearest.ts";
import type { NameUse } from "../document.ts";
import type { OpenName, Playbook, Step } from "../model.ts";
import type { KeyPath } from "../source.ts";
import type { LoadContext } from "./context.ts";

/** Names that templates find in every run, some of them in some places only. */
export const SCOPE_NAMES: ReadonlySet<string> = new Set([
  "workload",
  "keychain",
  "ctx",
  "iter",
  "args",
  "execution_id",
  "_prev",
  "_task",
  "_attempt",
  "outcome",
  "output",
  "page",
  "event",
  "__proto__",
]);

/** Where names stand that are not there everywhere: a key of the path, and words for it. */
const PLACES = new Map<string, { readonly keys: readonly string[]; readonly where: string }>([
  ["outcome", { keys: ["rules", "retry"], where: "the rules of spec.policy" }],
  ["output", { keys: ["rules", "retry"], where: "the rules of spec.policy" }],
  ["page", { keys: ["paginate"], where: "spec.paginate.stop" }],
  ["event", { keys: ["arcs", "next"], where: "the arcs of next" }],
]);

/** Functions that a run lends to its templates. */
const FUNCTIONS = ["now", "uuid"];

/** Returns the names that templates use and nothing in the file gives, in the order of the file. */
export function findOpenNames(
  uses: readonly NameUse[],
  given: { readonly steps: readonly Step[]; readonly workload: Playbook["workload"] },
): readonly OpenName[] {
  const tasks = given.steps.flatMap((step) => step.tasks);
  const isOwn = new Set([
    ...Object.keys(given.workload),
    ...given.steps.map(({ name }) => name),
    ...tasks.flatMap(({ label, work }) => [label, ...(work.names ?? [])]),
  ]);
  const known = new Set([...SCOPE_NAMES, ...FUNCTIONS, ...isOwn]);
  const isGiven = (name: string, path: KeyPath): boolean => {
    const keys = isOwn.has(name) ? undefined : PLACES.get(name)?.keys;
    return known.has(name) && (keys === undefined || keys.some((key) => path.includes(key)));
  };
  const open = new Map<string, OpenName>();
  for (const { path, names } of uses)
    for (const { name, isOptional, line, column } of names)
      if (!isOptional && !open.has(name) && !isGiven(name, path))
        open.set(name, {
          name,
          path,
          place: { line, column },
          near: name.length > 64 || PLACES.has(name) ? undefined : nearestName(name, known),
        });
  return [...open.values()].toSorted((a, b) => a.place.line - b.place.line);
}

function hintOf({ name, near }: OpenName): string {
  const place = PLACES.get(name);
  if (place !== undefined) return `${name} is there in ${place.where} only`;
  if (name === "env")
    return "Give values with --set NAME=…, and secrets by keychain: with token: env:NAME";
  const give = `Give it with --set ${name}=…, or declare it under workload`;
  return near === undefined ? give : `Did you mean ${near}`;
}

/** Warns of names that only --set and its like can give. */
export function warnOpenNames(names: readonly OpenName[], load: LoadContext): void {
  for (const open of names)
    load.warn(open.path, `Nothing in the file is named ${open.name}`, hintOf(open), open.name);
}

/**
 * Checks that a run can give every name its templates use, before it sends anything.
 *
 * @param workload what the run has: the file's defaults with what the user gave over them
 * @throws {WeirError} PIPELINE_INVALID at the first name that is not there
 */
export function checkOpenNames(
  { source, openNames }: Playbook,
  workload: Readonly<Record<string, unknown>>,
): void {
  const missing = openNames.find(({ name }) => !Object.hasOwn(workload, name));
  if (missing === undefined) return;
  throw source.error(missing.path, {
    message: `Nothing is named ${missing.name}`,
    hint: hintOf(missing),
    place: missing.place,
  });
}
