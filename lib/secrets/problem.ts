import type { ErrorCode } from "../base/errors.ts";
import { WeirError } from "../base/errors.ts";
import { keyPathText } from "../base/key-path.ts";

/** Where a value stands in the configuration, for example `["keychain", "github", "token"]`. */
export type KeyPath = readonly (string | number)[];

/**
 * Returns the error for one value of the keychain.
 *
 * `details.path` lets whoever read the file add line and column. The value itself is never part of
 * it: it may be the secret.
 *
 * @param problem predicate of the sentence, for example "is missing"
 */
export function badEntry(
  path: KeyPath,
  problem: string,
  hint: string,
  code: ErrorCode = "CONFIG_INVALID",
): WeirError {
  return new WeirError(code, `Key ${keyPathText(path)} ${problem}`, { hint, details: { path } });
}
