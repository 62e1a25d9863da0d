import { WeirError } from "../base/errors.ts";
import type { ChainHash } from "./hash.ts";
import type { AuditRecord } from "./record.ts";
import { parseRecord } from "./record.ts";

/** The end of a chain: what the next record stands on. */
export interface ChainEnd {
  /** 0 when there is no record yet. */
  readonly seq: number;
  /** Hash of the last record. */
  readonly hash: string;
}

/**
 * Returns the end of the chain when `line` is its last record.
 *
 * @throws {WeirError} AUDIT_BROKEN when it is no record, or not one of this key
 */
export function chainEndOf(line: Uint8Array, hash: ChainHash, path: string): ChainEnd {
  const record = parseRecord(line);
  if (record === undefined) throw broken(path, "its last line is not a record");
  checkKey(line, record, hash, path);
  return { seq: record.seq, hash: hash.of(line) };
}

function checkKey(line: Uint8Array, record: AuditRecord, hash: ChainHash, path: string): void {
  if (hash.isKeyed !== (record.mac !== undefined)) {
    throw broken(path, hash.isKeyed ? "it was begun without a key" : "it was begun with a key");
  }
  if (!hash.isGenuine(line))
    throw broken(path, "its last record does not carry the code of the key");
}

/** Returns the error for a chain that must not be continued. */
export function broken(path: string, why: string): WeirError {
  return new WeirError("AUDIT_BROKEN", `Audit file ${path} cannot be continued: ${why}`, {
    hint: "Run weir agent audit verify, then move the file and its rotated ones away to start anew",
    details: { path },
  });
}
