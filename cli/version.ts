import manifest from "../package.json" with { type: "json" };
import type { Runtime } from "../lib/runtime/runtime.ts";

/** Commit the binary was built from; defined by the build, unknown when run from source. */
declare const WEIR_COMMIT: string | undefined;

/** Version of weir, for example "0.1.0". */
const VERSION: string = manifest.version;

/** Returns the short hash weir was built from, or "source" when it was not built. */
function commitOf(): string {
  return typeof WEIR_COMMIT === "string" && WEIR_COMMIT !== "" ? WEIR_COMMIT : "source";
}

/** Returns the line that `weir version` prints. */
export function versionText({ name, version }: Pick<Runtime, "name" | "version">): string {
  return `weir ${VERSION} (commit ${commitOf()}, ${name} ${version})`;
}

/** User-Agent of every request that does not set its own. */
export const USER_AGENT = `weir/${VERSION}`;
