import { type ErrorCode, WeirError } from "../../lib/base/errors.ts";

/** Returns code, message and hint of the WeirError that `task` throws; fails when it throws none. */
export function codeAndHint(task: () => unknown): {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
} {
  try {
    task();
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    return { code: error.code, message: error.message, hint: error.hint ?? "" };
  }
  throw new Error("Nothing was thrown");
}
