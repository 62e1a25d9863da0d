import { WeirError } from "../base/errors.ts";
import { keyPathText } from "../base/key-path.ts";

/** Where a value stands in the policy, for example `["http_request", "allowed_domains", 1]`. */
export type KeyPath = readonly (string | number)[];

/** What is wrong with a value of the policy. */
export interface PolicyProblem {
  readonly path: KeyPath;
  /** The value as it was written. */
  readonly entry: string;
  /** Predicate of the sentence, for example "has a scheme". */
  readonly problem: string;
  readonly hint: string;
}

/**
 * Returns the error that refuses a whole policy for one bad value of it.
 *
 * `details` has `path` and `entry`, so that whoever read the file can add line and column.
 */
export function badPolicy({ path, entry, problem, hint }: PolicyProblem): WeirError {
  const shown = JSON.stringify(entry.length > 100 ? `${entry.slice(0, 100)}…` : entry);
  return new WeirError("CONFIG_BAD_POLICY", `${keyPathText(path)}: ${shown} ${problem}`, {
    hint,
    details: { path, entry },
  });
}
