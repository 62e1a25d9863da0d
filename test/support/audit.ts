import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../lib/base/clock.ts";
import type { AuditLog, AuditLogOptions } from "../../lib/audit/log.ts";
import { openAuditLog } from "../../lib/audit/log.ts";
import type { IntentEntry, OutcomeEntry } from "../../lib/audit/record.ts";
import { nodeParts } from "../../lib/runtime/node.ts";

/** The machine's files, and its clock. */
export const PORTS = { files: nodeParts.files, clock: systemClock };

/** A folder with an audit file in it, removed at the end. */
export interface AuditFolder extends Disposable {
  readonly path: string;
  /** Returns the names in the folder, sorted. */
  names(): readonly string[];
  /** Returns the lines of the file with this suffix, without their ends. */
  lines(suffix?: string): readonly string[];
  /** Writes the lines back, each with its end. */
  setLines(lines: readonly string[], suffix?: string): void;
}

/** Makes a folder for one audit file. */
export function auditFolder(): AuditFolder {
  const folder = mkdtempSync(join(tmpdir(), "weir-audit-"));
  const path = join(folder, "state", "audit.jsonl");
  return {
    path,
    names: () => readdirSync(join(folder, "state")).sort(),
    lines: (suffix = "") => readFileSync(`${path}${suffix}`, "utf8").split("\n").slice(0, -1),
    setLines(lines, suffix = "") {
      writeFileSync(`${path}${suffix}`, lines.map((line) => `${line}\n`).join(""));
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Opens the audit file at `path` with the machine's files and clock. */
export function openLog(path: string, options: Partial<AuditLogOptions> = {}): Promise<AuditLog> {
  return openAuditLog({ path, session: "s1", ...options }, PORTS);
}

/** Returns an intent of call `id`. */
export function intentOf(id: string, changes: Partial<IntentEntry> = {}): IntentEntry {
  return {
    kind: "intent",
    id,
    tool: "http_request",
    decision: "allow",
    rule: "allowed_domains[0]",
    method: "GET",
    url: "https://api.example.test/items",
    ...changes,
  };
}

/** Returns an outcome of call `id`. */
export function outcomeOf(id: string, changes: Partial<OutcomeEntry> = {}): OutcomeEntry {
  return {
    kind: "outcome",
    id,
    tool: "http_request",
    method: "GET",
    url: "https://api.example.test/items",
    duration_ms: 12,
    success: true,
    ...changes,
  };
}

/** Writes `count` intents, one after the other. */
export async function writeMany(
  path: string,
  count: number,
  options: Partial<AuditLogOptions> = {},
): Promise<void> {
  const log = await openLog(path, options);
  for (let at = 1; at <= count; at += 1) await log.append(intentOf(`call-${at}`));
  await log.close();
}

/** Returns what the promise was rejected with, undefined when it was not. */
export function refusalOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}
