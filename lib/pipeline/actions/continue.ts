import type { ActionKind } from "./action.ts";

/** `do: continue`. */
export const continueAction: ActionKind = {
  name: "continue",
  summary: "Goes on with the next task",
  keys: {},
  compile() {
    const move = { kind: "continue" } as const;
    return () => move;
  },
};
