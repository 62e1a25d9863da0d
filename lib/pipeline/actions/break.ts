import type { ActionKind } from "./action.ts";

/** `do: break`. */
export const breakAction: ActionKind = {
  name: "break",
  summary: "Ends the tasks of the step, or of the item of a loop, with success",
  keys: {},
  compile() {
    const move = { kind: "break" } as const;
    return () => move;
  },
};
