import { codeOf, WeirError } from "../base/errors.ts";
import { whyNotRead, whyNotWritten } from "../base/file-reasons.ts";
import { quoted } from "./path.ts";

/** Returns the error for a reference that leads to no body. */
export function notAvailable(ref: string, why: string, cause?: unknown): WeirError {
  return new WeirError(
    "REFERENCE_NOT_AVAILABLE",
    `Result ${quoted(ref)} is not available: ${why}`,
    {
      hint: "Run the task again, or keep its result longer with scope and ttl under spec.result.store",
      details: { ref },
      cause,
    },
  );
}

/** Returns the error for a file of results that cannot be written. */
export function notWritten(path: string, error: unknown): WeirError {
  if (error instanceof WeirError) return error;
  return new WeirError("IO_WRITE", `Cannot write ${path}: ${whyNotWritten(error)}`, {
    hint: "See that the disk has room and that the folder of the run can be written",
    details: { path, reason: codeOf(error) },
    cause: error,
  });
}

/** Returns the error for a file of results that cannot be read. */
export function notRead(path: string, error: unknown): WeirError {
  if (error instanceof WeirError) return error;
  return new WeirError("IO_READ", `Cannot read ${path}: ${whyNotRead(error)}`, {
    hint: "See that the folder of the run can be read",
    details: { path, reason: codeOf(error) },
    cause: error,
  });
}
