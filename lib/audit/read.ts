import type { Secret } from "../base/secret.ts";
import type { Files } from "../runtime/runtime.ts";
import { chainHash } from "./hash.ts";
import type { AuditRecord } from "./record.ts";
import { auditPaths } from "./rotation.ts";
import { chainEndOf } from "./tail.ts";
import type { PlacedLine } from "./walk.ts";
import { placedLines } from "./walk.ts";

/** Which records are wanted; a field that is not given does not matter. */
export interface AuditFilter {
  /** Not before this time, in milliseconds since the Unix epoch. */
  readonly sinceMs?: number | undefined;
  /** Before this time. */
  readonly untilMs?: number | undefined;
  readonly kind?: AuditRecord["kind"] | undefined;
  readonly id?: string | undefined;
  readonly session?: string | undefined;
  readonly tool?: string | undefined;
  readonly decision?: "allow" | "ask" | "deny" | undefined;
  readonly code?: string | undefined;
  /** Host name of the URL. */
  readonly host?: string | undefined;
}

/** Says whether `record` is one of those `filter` wants. */
function isWanted(record: AuditRecord, filter: AuditFilter): boolean {
  const { sinceMs = -Infinity, untilMs = Infinity, host, ...equal } = filter;
  const atMs = Date.parse(record.ts);
  if (atMs < sinceMs || atMs >= untilMs) return false;
  if (host !== undefined && hostOf(record) !== host.toLowerCase()) return false;
  // True: whatever a line holds, its fields are compared by name.
  const fields = record as unknown as Readonly<Record<string, unknown>>;
  return Object.entries(equal).every(
    ([name, value]) => value === undefined || fields[name] === value,
  );
}

function hostOf(record: AuditRecord): string | undefined {
  if (record.kind === "anchor") return undefined;
  return URL.parse(record.url)?.hostname;
}

/** Yields the wanted records, the oldest first. Lines that are no records are left to `verifyAudit`. */
export async function* readAudit(
  files: Files,
  path: string,
  filter: AuditFilter = {},
): AsyncGenerator<AuditRecord> {
  for await (const { record } of placedLines(files, await auditPaths(files, path))) {
    if (record !== undefined && isWanted(record, filter)) yield record;
  }
}

/** Returns the last `count` wanted records, the oldest first. */
export async function tailAudit(
  files: Files,
  path: string,
  count: number,
  filter: AuditFilter = {},
): Promise<readonly AuditRecord[]> {
  let found: AuditRecord[] = [];
  for (const file of (await auditPaths(files, path)).toReversed()) {
    const here: AuditRecord[] = [];
    for await (const { record } of placedLines(files, [file])) {
      if (record === undefined || !isWanted(record, filter)) continue;
      here.push(record);
      if (here.length > count - found.length) here.shift();
    }
    found = [...here, ...found];
    if (found.length >= count) break;
  }
  return found;
}

/** The last record of a chain: keep the hash elsewhere, and `verify` can tell whether it was cut. */
export interface AuditHead {
  readonly seq: number;
  readonly hash: string;
  readonly ts: string;
}

/**
 * Returns the head of the chain, undefined when there is no record.
 *
 * @throws {WeirError} AUDIT_BROKEN when the last line is no record or belongs to another key
 */
export async function auditHead(
  files: Files,
  path: string,
  key?: Secret,
): Promise<AuditHead | undefined> {
  const hash = await chainHash(key);
  for (const file of (await auditPaths(files, path)).toReversed()) {
    let last: PlacedLine | undefined;
    for await (const line of placedLines(files, [file])) if (line.isWhole) last = line;
    if (last === undefined) continue;
    return { ...chainEndOf(last.bytes, hash, file), ts: last.record?.ts ?? "" };
  }
  return undefined;
}
