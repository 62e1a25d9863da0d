import { WeirError } from "../base/errors.ts";

/** Returns the error that `signal` stands for. */
export function stopped({ reason }: Pick<AbortSignal, "reason">): WeirError {
  if (reason instanceof WeirError) return reason;
  return new WeirError("CANCELLED", "The run was stopped", { cause: reason });
}
