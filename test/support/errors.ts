import { type ErrorCode, WeirError } from "../../lib/base/errors.ts";

/** Returns the WeirError that `task` throws; fails when it throws none. */
export function errorOf(task: () => unknown): WeirError {
  try {
    task();
  } catch (error) {
    if (error instanceof WeirError) return error;
    throw error;
  }
  throw new Error("Nothing was thrown");
}

/** Returns code, message and hint of the WeirError that `task` throws; fails when it throws none. */
export function codeAndHint(task: () => unknown): {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
} {
  const { code, message, hint = "" } = errorOf(task);
  return { code, message, hint };
}
