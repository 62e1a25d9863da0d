import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder that goes away with its scope. */
export interface TemporaryFolder extends Disposable {
  readonly path: string;
}

/** Makes an empty folder under the system's temporary one; `using` removes it with all it holds. */
export function temporaryFolder(): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), "weir-"));
  return {
    path,
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}
