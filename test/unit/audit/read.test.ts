import { expect, test } from "bun:test";
import { appendFileSync } from "node:fs";
import type { AuditFilter } from "../../../lib/audit/read.ts";
import { readAudit, tailAudit } from "../../../lib/audit/read.ts";
import type { AuditRecord } from "../../../lib/audit/record.ts";
import { auditFolder, intentOf, openLog, outcomeOf, PORTS } from "../../support/audit.ts";

const { files } = PORTS;

function idOf(record: AuditRecord): string {
  return record.kind === "anchor" ? record.reason : record.id;
}

async function idsOf(records: AsyncIterable<AuditRecord>): Promise<string[]> {
  const ids: string[] = [];
  for await (const record of records) ids.push(idOf(record));
  return ids;
}

/** Six records: c1 and c2 of one process, c3, which was denied, of another. */
async function writeSample(path: string): Promise<void> {
  const log = await openLog(path);
  await log.append(intentOf("c1"));
  await log.append(outcomeOf("c1", { status: 200 }));
  await log.append(intentOf("c2", { tool: "http_get", url: "https://Other.test:8443/" }));
  await log.append(outcomeOf("c2", { tool: "http_get", success: false, code: "NET_DNS" }));
  await log.close();
  const other = await openLog(path, { session: "s2" });
  await other.append(intentOf("c3", { decision: "deny", code: "POLICY_DENIED" }));
  await other.append(outcomeOf("c3", { success: false, code: "POLICY_DENIED" }));
  await other.close();
}

test.each<{ name: string; filter: AuditFilter; want: string[] }>([
  { name: "everything without a filter", filter: {}, want: ["c1", "c1", "c2", "c2", "c3", "c3"] },
  { name: "one kind", filter: { kind: "intent" }, want: ["c1", "c2", "c3"] },
  { name: "one call", filter: { id: "c2" }, want: ["c2", "c2"] },
  { name: "one session", filter: { session: "s2" }, want: ["c3", "c3"] },
  { name: "one tool", filter: { tool: "http_get" }, want: ["c2", "c2"] },
  { name: "denials", filter: { decision: "deny" }, want: ["c3"] },
  { name: "one code", filter: { code: "NET_DNS", kind: "outcome" }, want: ["c2"] },
  { name: "one host", filter: { host: "OTHER.test" }, want: ["c2"] },
  { name: "nothing before its time", filter: { sinceMs: Date.UTC(2999, 0, 1) }, want: [] },
  { name: "nothing after its time", filter: { untilMs: 0 }, want: [] },
])("readAudit() yields $name", async ({ filter, want }) => {
  using folder = auditFolder();
  await writeSample(folder.path);
  expect(await idsOf(readAudit(files, folder.path, filter))).toEqual(want);
});

test("readAudit() passes over lines that are no records", async () => {
  using folder = auditFolder();
  await writeSample(folder.path);
  appendFileSync(folder.path, "garbage\n{}\n[1]\n{");
  expect(await idsOf(readAudit(files, folder.path))).toHaveLength(6);
});

test("tailAudit() returns the last records, over rotated files too", async () => {
  using folder = auditFolder();
  const log = await openLog(folder.path, { maxBytes: 900 });
  for (let at = 1; at <= 12; at += 1) await log.append(intentOf(`c${at}`));
  await log.close();
  const ids = async (count: number): Promise<string[]> =>
    (await tailAudit(files, folder.path, count, { kind: "intent" })).map(idOf);
  expect(folder.names().length).toBeGreaterThan(4);
  expect(await ids(5)).toEqual(["c8", "c9", "c10", "c11", "c12"]);
  expect(await ids(0)).toEqual([]);
  expect(await ids(100)).toHaveLength(12);
});

test("readAudit() and tailAudit() yield nothing when there is no file", async () => {
  using folder = auditFolder();
  expect(await idsOf(readAudit(files, folder.path))).toEqual([]);
  expect(await tailAudit(files, folder.path, 3)).toEqual([]);
});
