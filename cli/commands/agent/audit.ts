import { auditPlace, readPolicy } from "../../../lib/agent/open.ts";
import { auditHead, readAudit, tailAudit } from "../../../lib/audit/read.ts";
import { type AuditReport, verifyAudit } from "../../../lib/audit/verify.ts";
import { ERRORS, WeirError } from "../../../lib/base/errors.ts";
import { nearestName } from "../../../lib/base/nearest.ts";
import { sanitizeText } from "../../../lib/base/sanitize.ts";
import type { Io } from "../../io.ts";
import type { AgentCommand } from "./command.ts";
import { sourceOf } from "./source.ts";

const DEEDS = ["show", "tail", "head", "verify"] as const;

/** Records that `tail` prints when it is not told how many. */
const TAIL_COUNT = 10;

/** Reads the audit file. */
export const audit: AgentCommand = {
  name: "audit",
  summary: "Print or verify the audit file",
  usage: `{${DEEDS.join(" | ")}} [count]`,
  flags: [{ name: "expect-head", label: "HASH", help: "verify: this hash must be in it" }],
  wordLimits: [1, 2],
  run: async (line, io) => {
    const [deed = "", count] = line.words;
    const place = await auditPlace(await readPolicy(sourceOf(line, io)), io.runtime);
    if (place === undefined) {
      throw new WeirError("AUDIT_WRITE", "Auditing is switched off: [audit] enabled is false", {
        hint: "Set enabled = true, or remove the key",
      });
    }
    const { files } = io.runtime;
    switch (deed) {
      case "show":
        for await (const record of readAudit(files, place.path)) await printLine(record, io);
        return 0;
      case "tail":
        for (const record of await tailAudit(files, place.path, tailCount(count))) {
          await printLine(record, io);
        }
        return 0;
      case "head":
        return await printHead(await auditHead(files, place.path, place.key), io);
      case "verify":
        return await printReport(
          await verifyAudit(files, { ...place, expectedHead: line.text("expect-head") }),
          io,
        );
      default:
        throw unknownDeed(deed);
    }
  },
};

function tailCount(typed: string | undefined): number {
  if (typed === undefined) return TAIL_COUNT;
  if (/^[1-9]\d{0,6}$/.test(typed)) return Number(typed);
  throw new WeirError("USAGE_BAD_VALUE", `${JSON.stringify(typed)} is no number of records`, {
    hint: "Write weir agent audit tail 20",
  });
}

async function printLine(record: unknown, { stdout }: Io): Promise<void> {
  await stdout.write(`${JSON.stringify(record)}\n`);
}

async function printHead(
  head: Awaited<ReturnType<typeof auditHead>>,
  { stdout }: Io,
): Promise<number> {
  await stdout.write(head === undefined ? "no record yet\n" : `${head.hash}\n`);
  return 0;
}

async function printReport(report: AuditReport, { stdout }: Io): Promise<number> {
  if (report.problem === undefined) {
    const { records, firstSeq = 0, lastSeq = 0, head = "none" } = report;
    await stdout.write(`ok: ${records} records, ${firstSeq} to ${lastSeq}, head ${head}\n`);
    return 0;
  }
  const { message, file, line, seq } = report.problem;
  const record = seq === undefined ? "" : `, record ${seq}`;
  // A file that is gone or empty has no place to name.
  const place = file === undefined ? "" : ` (${file}:${line}${record})`;
  await stdout.write(sanitizeText(`broken: ${message}${place}\n`));
  return ERRORS.AUDIT_BROKEN.exit;
}

function unknownDeed(deed: string): WeirError {
  const near = nearestName(deed.slice(0, 40), DEEDS);
  return new WeirError("USAGE_UNKNOWN_COMMAND", `weir agent audit has no ${JSON.stringify(deed)}`, {
    hint: near === undefined ? `There are: ${DEEDS.join(", ")}` : `Did you mean ${near}?`,
  });
}
