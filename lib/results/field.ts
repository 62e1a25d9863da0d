import { WeirError } from "../base/errors.ts";
import { JSON_DEPTH_LIMIT } from "../base/json-tree.ts";
import { type CompiledPath, quoted } from "./path.ts";

/** A field whose path was read. */
export interface PlannedField {
  readonly name: string;
  readonly path: CompiledPath;
}

/** Returns the error for a field that may not be held. */
export function tooLarge(
  { name, path }: PlannedField,
  why: "size" | "depth",
  capBytes: number,
): WeirError {
  const what =
    why === "size"
      ? `is larger than ${capBytes} bytes`
      : `nests deeper than ${JSON_DEPTH_LIMIT} levels`;
  return new WeirError("SELECT_TOO_LARGE", `Field ${quoted(name)} (${path.text}) ${what}`, {
    hint:
      why === "size"
        ? "Select less, or raise inline_max_bytes; the whole body can be read by its reference"
        : "Select what lies deeper by a path of its own",
    details: { field: name, path: path.text, capBytes },
  });
}
