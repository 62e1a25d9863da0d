import { toWeirError } from "../base/errors.ts";
import type { LoadedConfig } from "./load.ts";
import type { KeyPath } from "./locate.ts";

/**
 * Returns what `work` returns; an error whose `details.path` is a key path gets file, line and column
 * of that key.
 *
 * @param hint for an error that has none
 */
export async function placed<T>(
  config: Pick<LoadedConfig, "path" | "errorAt">,
  hint: string,
  work: () => T | Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, message, hint: own = hint, details } = toWeirError(error);
    const path = details["path"];
    if (!isKeyPath(path) || config.path === undefined) throw error;
    throw config.errorAt(path, { message, hint: own }, code);
  }
}

function isKeyPath(value: unknown): value is KeyPath {
  const isPart = (part: unknown): boolean => typeof part === "string" || typeof part === "number";
  return Array.isArray(value) && value.every(isPart);
}
