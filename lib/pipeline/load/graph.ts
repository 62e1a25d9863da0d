import type { Step } from "../model.ts";
import { nearHint, shownName } from "../schema/near.ts";
import type { LoadContext } from "./context.ts";

/** Adds an error for each arc to a step that does not exist. */
export function checkTargets(steps: readonly Step[], load: LoadContext): void {
  const names = steps.map(({ name }) => name);
  for (const { path, step } of steps.flatMap(({ arcs }) => arcs)) {
    if (names.includes(step)) continue;
    load.add(
      load.source.error(path, {
        message: `The arc leads to ${shownName(step)}, and no step has that name`,
        hint: nearHint(step, names, "steps"),
      }),
    );
  }
}

/** Arcs that are always taken once their step succeeded. */
function certainArcs({ mode, arcs }: Step): readonly Step["arcs"][number][] {
  const isCertain = ({ when }: Step["arcs"][number]): boolean => when === undefined;
  // The first arc that matches is taken: one with a condition before it may lead elsewhere.
  return mode === "inclusive" ? arcs.filter(isCertain) : arcs.slice(0, 1).filter(isCertain);
}

/** Adds an error for a circle of arcs that nothing leads out of. */
export function checkCircles(steps: readonly Step[], load: LoadContext): void {
  const byName = new Map(steps.map((step) => [step.name, step]));
  const done = new Set<string>();
  for (const { name } of steps) {
    const way: string[] = [];
    const circle = findCircle(name, byName, done, way);
    if (circle === undefined) continue;
    load.add(
      load.source.error(circle.path, {
        message: `The arcs go round in a circle for ever: ${way.slice(way.indexOf(circle.step)).join(" → ")} → ${circle.step}`,
        hint: "Give one of the arcs a when",
      }),
    );
    return;
  }
}

/** Walks along certain arcs; returns the one that leads back to a step of the way. */
function findCircle(
  start: string,
  byName: ReadonlyMap<string, Step>,
  done: Set<string>,
  way: string[],
): Step["arcs"][number] | undefined {
  interface Stop {
    readonly name: string;
    readonly arcs: Iterator<Step["arcs"][number]>;
  }
  const stack: Stop[] = [];
  const enter = (name: string): void => {
    const step = byName.get(name);
    if (step === undefined || done.has(name)) return;
    way.push(name);
    stack.push({ name, arcs: certainArcs(step)[Symbol.iterator]() });
  };
  enter(start);
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const { value: arc, done: isOver } = top.arcs.next();
    if (isOver === true) {
      done.add(top.name);
      stack.pop();
      way.pop();
    } else if (way.includes(arc.step)) return arc;
    else enter(arc.step);
  }
  return undefined;
}

/** Warns of steps that no arc leads to; where there is no arc at all, steps run in order. */
export function warnUnreached(steps: readonly Step[], entry: string, load: LoadContext): void {
  if (steps.every(({ arcs }) => arcs.length === 0)) return warnBefore(steps, entry, load);
  const byName = new Map(steps.map((step) => [step.name, step]));
  const reached = new Set([entry]);
  // A set hands out what is added while it is walked.
  for (const name of reached) for (const arc of byName.get(name)?.arcs ?? []) reached.add(arc.step);
  for (const { name, path } of steps)
    if (!reached.has(name))
      load.warn(
        [...path, "step"],
        `No arc leads to step ${name}`,
        "Name it in a next, or start there with --target",
      );
}

/** In the order of the file, what stands before `start` never runs; entry_step is a choice. */
function warnBefore(steps: readonly Step[], entry: string, load: LoadContext): void {
  const first = entry === "start" ? steps.findIndex(({ name }) => name === entry) : 0;
  for (const { name, path } of steps.slice(0, Math.max(0, first)))
    load.warn(
      [...path, "step"],
      `Step ${name} stands before ${entry}, where the run begins, and does not run`,
      "Move it behind that step, or name it in a next",
    );
}
