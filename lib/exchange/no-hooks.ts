import type { HookChain } from "./ports.ts";

/** The chain of a client without plugins. */
export const noHooks: HookChain = {};
