import { openAuditLog } from "../../lib/audit/log.ts";
import { detectRuntime } from "../../lib/runtime/detect.ts";
import { intentOf } from "../support/audit.ts";

// A process of its own for the fault tests: appends, and says after each record that it is written.
const [path = "", session = "", count = "0", inFlight = "1", maxBytes = "100000000"] =
  process.argv.slice(2);
const runtime = await detectRuntime();
const log = await openAuditLog({ path, session, maxBytes: Number(maxBytes), keep: 1000 }, runtime);
let next = 0;

async function work(): Promise<void> {
  while (next < Number(count)) {
    next += 1;
    const id = `${session}-${next}`;
    await log.append(intentOf(id, { reason: "r".repeat((next * 37) % 300) }));
    await runtime.stdout.write(`${id}\n`);
  }
}

await Promise.all(Array.from({ length: Number(inFlight) }, work));
await log.close();
