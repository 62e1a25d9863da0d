import { WeirError } from "../base/errors.ts";
import type { Complaint, KeyPath, Source } from "./source.ts";

/** Returns the error that a template of the file gave a value its place cannot take. */
export function wrongValue(source: Source, path: KeyPath, complaint: Complaint): WeirError {
  const { message, hint, details } = source.error(path, complaint);
  return new WeirError("TEMPLATE_TYPE", message, { hint, details });
}
