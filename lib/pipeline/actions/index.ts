import type { ActionKind } from "./action.ts";
import { breakAction } from "./break.ts";
import { continueAction } from "./continue.ts";
import { failAction } from "./fail.ts";
import { jumpAction } from "./jump.ts";
import { retryAction } from "./retry.ts";

/** What may stand behind `do:`, in the order of the manual. */
export const ACTIONS: readonly ActionKind[] = [
  continueAction,
  retryAction,
  jumpAction,
  breakAction,
  failAction,
];
