import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CaseScript } from "../support/case-server.ts";

/** A case of fixtures/pipeline-cases. */
export interface PipelineCase {
  readonly id: string;
  readonly title: string;
  readonly server: CaseScript;
  readonly expect: Readonly<Record<string, unknown>>;
}

const FOLDER = join(import.meta.dir, "..", "..", "fixtures", "pipeline-cases");

/** Returns a case by its id. */
export function pipelineCase(id: string): PipelineCase {
  // Written by hand, and read by this test alone.
  return JSON.parse(readFileSync(join(FOLDER, `${id}.json`), "utf8")) as PipelineCase;
}
