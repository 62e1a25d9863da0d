import { nearHint, shownName } from "../schema/near.ts";
import { text } from "../schema/shapes.ts";
import type { ActionInput, ActionKind } from "./action.ts";

const PREVIOUS = ["previous", "prev"];

function targetOf({ fields, path, source, labels, label }: ActionInput): string {
  const to = String(fields["to"]);
  const at = [...path, "to"];
  if (PREVIOUS.includes(to)) {
    const before = labels[labels.indexOf(label) - 1];
    if (before !== undefined) return before;
    throw source.error(at, {
      message: `Task ${label} is the first of its step: nothing is previous to it`,
      hint: `Name a task: ${labels.join(", ")}`,
    });
  }
  if (labels.includes(to)) return to;
  throw source.error(at, {
    message: `No task of this step is named ${shownName(to)}`,
    hint: nearHint(to, labels, "tasks"),
  });
}

/** `do: jump`. */
export const jumpAction: ActionKind = {
  name: "jump",
  summary: "Goes on with another task of the step",
  keys: {
    to: text("fetch", "the label of a task, or previous").meta({
      description: "Label of a task of the same step, or previous",
    }),
  },
  compile(input) {
    const move = { kind: "jump", to: targetOf(input) } as const;
    return () => move;
  },
};
