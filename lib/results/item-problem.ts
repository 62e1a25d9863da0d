import { WeirError } from "../base/errors.ts";

/** Largest item of a list that is read one by one. */
export const ITEM_CAP_BYTES = 64 * 1024 * 1024;

/** Returns the error for an item that may not be held. */
export function itemTooLarge(
  message: string,
  details: Readonly<Record<string, unknown>>,
): WeirError {
  return new WeirError("BODY_TOO_LARGE", message, {
    hint: "Split the item, or read it by reference and select fields of it",
    details: { capBytes: ITEM_CAP_BYTES, ...details },
  });
}

/** Returns the error for a line that is no text. */
export function notUtf8(line: number): WeirError {
  return new WeirError("DATA_NOT_UTF8", `Line ${line} is not text in UTF-8`, {
    hint: "Convert the input to UTF-8",
    details: { line },
  });
}
