import { toWeirError, WeirError } from "../base/errors.ts";
import { hookFailure } from "./failure.ts";
import type { Hooks } from "./index.ts";

/** Exit status of a script whose default export says no. */
const FALSE_STATUS = 1;

/**
 * Runs a script to its end, the requests it did not wait for included, and returns its exit status:
 * its default export, 0 when there is none.
 *
 * @param hooks opened in mode "script" with the script as its only plugin
 * @throws {WeirError} HOOK_FAILED for an uncaught error, with file:line:column
 */
export async function runScript(hooks: Hooks): Promise<number> {
  try {
    await hooks.ready();
  } catch (error) {
    throw scriptFailure(error);
  } finally {
    await hooks.close();
  }
  return statusOf(hooks.plugins[0]?.status);
}

/** What goes wrong while it is loaded goes wrong while it runs: a script is not told of plugins. */
function scriptFailure(error: unknown): unknown {
  const { details, cause } = toWeirError(error);
  const { plugin, event } = details;
  if (event !== "load" || typeof plugin !== "string") return error;
  const title = `Script ${plugin} failed`;
  return hookFailure(cause, { plugin, event, where: "", title, hint: "Correct the script" });
}

function statusOf(status: unknown): number {
  if (status === null || status === undefined || status === true) return 0;
  if (status === false) return FALSE_STATUS;
  if (Number.isInteger(status) && Number(status) >= 0 && Number(status) <= 255) {
    return Number(status);
  }
  throw new WeirError("HOOK_FAILED", "The default export of the script is no exit status", {
    hint: "Export a whole number from 0 to 255, or nothing; call a function: export default await main()",
  });
}
