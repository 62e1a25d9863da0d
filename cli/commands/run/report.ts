import { WeirError } from "../../../lib/base/errors.ts";
import { whyNotWritten } from "../../../lib/base/file-reasons.ts";
import type { Where } from "../../../lib/pipeline/events.ts";
import type { Files } from "../../../lib/runtime/runtime.ts";
import type { RunTally } from "./tally.ts";

/** Kinds of reports that will be. */
const LATER_KINDS = ["junit", "html", "github"];

/** How a run ended. */
export interface RunEnd {
  readonly runId: string;
  readonly pipeline: string;
  readonly state: "done" | "failed" | "cancelled";
  readonly durationMs: number;
  readonly failedAt: Where | undefined;
  readonly error: WeirError | undefined;
}

/**
 * Returns the files that `--report` names.
 *
 * @throws {WeirError} USAGE_BAD_VALUE, USAGE_NOT_SUPPORTED
 */
export function reportFiles(values: readonly string[]): readonly string[] {
  return values.map((value) => {
    const [kind = "", ...rest] = value.split("=");
    const file = rest.join("=");
    if (LATER_KINDS.includes(kind)) {
      throw new WeirError(
        "USAGE_NOT_SUPPORTED",
        `Report ${kind} is not available in this version`,
        {
          hint: "Write --report json=FILE",
          details: { flag: "report" },
        },
      );
    }
    if (kind === "json" && file !== "") return file;
    const shown = JSON.stringify(value.slice(0, 80));
    throw new WeirError("USAGE_BAD_VALUE", `Flag --report cannot be ${shown}`, {
      hint: "Write --report json=FILE",
      details: { flag: "report" },
    });
  });
}

/** Returns the report of a run as JSON text. */
export function reportText(end: RunEnd, tally: RunTally, redact: (text: string) => string): string {
  const { error, failedAt } = end;
  const report = {
    run: end.runId,
    pipeline: end.pipeline,
    state: end.state,
    duration_ms: Math.round(end.durationMs),
    requests: tally.requests,
    retries: tally.retries,
    steps: tally.steps.map(({ step, status, items, failed, durationMs }) => ({
      step,
      // A step that never ended was under way when the run was stopped.
      status: status === "running" ? end.state : status,
      ...(items === undefined ? {} : { items, failed: failed ?? 0 }),
      duration_ms: durationMs === undefined ? null : Math.round(durationMs),
    })),
    flaky: tally.flaky,
    warnings: tally.warnings,
    warning_count: tally.warningCount,
    failed_at: failedAt ?? null,
    error:
      error === undefined ? null : { code: error.code, message: error.message, hint: error.hint },
  };
  const masked = (_key: string, value: unknown): unknown =>
    typeof value === "string" ? redact(value) : value;
  return `${JSON.stringify(report, masked, 2)}\n`;
}

/** Writes a report, whole or not at all; returns why it could not be written. */
export async function writeReport(
  path: string,
  text: string,
  files: Files,
): Promise<WeirError | undefined> {
  try {
    await files.replace(path, text, 0o644);
    return undefined;
  } catch (error) {
    return new WeirError(
      "IO_WRITE",
      `Cannot write the report to ${path}: ${whyNotWritten(error)}`,
      {
        hint: "See whether its folder is there and may be written to",
        details: { path },
        cause: error,
      },
    );
  }
}
