import { utf8 } from "../base/bytes.ts";
import type { Redactor } from "../base/redact.ts";
import { maskHeaders, maskUrl } from "../base/sensitive.ts";
import type { HeaderList } from "../http/headers.ts";

/** What both records of a call hold. Names as in the file. */
interface CallFields {
  /** Pairs the intent with its outcome. */
  readonly id: string;
  readonly tool: string;
  readonly method: string;
  /** As typed by the caller, or the URL of the hop; masked when it is written. */
  readonly url: string;
  readonly rule?: string | undefined;
  readonly reason?: string | undefined;
}

/** What is asked, written before the request leaves; refused calls too. */
export interface IntentEntry extends CallFields {
  readonly kind: "intent";
  readonly decision: "allow" | "ask" | "deny";
  /** Id of the approval that let a supervised call pass. */
  readonly approval?: string | undefined;
  /** Lines the caller set; masked when they are written. */
  readonly request_headers?: HeaderList | undefined;
  /** SHA-256 of the request body in hex. */
  readonly body_sha256?: string | undefined;
  /** Error code of a refusal. */
  readonly code?: string | undefined;
}

/** What became of it. */
export interface OutcomeEntry extends CallFields {
  readonly kind: "outcome";
  readonly decision?: "allow" | "ask" | "deny" | undefined;
  /** IP address connected to. */
  readonly address?: string | undefined;
  readonly dns_ms?: number | undefined;
  readonly status?: number | undefined;
  /** Decoded bytes of the response body. */
  readonly bytes?: number | undefined;
  readonly truncated?: boolean | undefined;
  readonly duration_ms: number;
  readonly success: boolean;
  readonly code?: string | undefined;
}

/** What a caller records. */
export type AuditEntry = IntentEntry | OutcomeEntry;

/** A record the log writes about itself. */
export type AnchorEntry =
  | {
      readonly kind: "anchor";
      /** First record of a file that follows a rotated one. */
      readonly reason: "rotated";
      /** Sequence number of the oldest record that was kept. */
      readonly first_seq: number;
    }
  | {
      readonly kind: "anchor";
      /** A crash cut the line before this one; `prev` is the hash of the last whole record. */
      readonly reason: "recovered";
      /** Hash of the cut line. */
      readonly torn: string;
    };

/** What the log adds to each entry. */
interface ChainFields {
  /** 1 for the first record; one more for each, over rotated files too. */
  readonly seq: number;
  /** UTC, ISO 8601. */
  readonly ts: string;
  /** Hash of the record before, `NO_HASH` for the first. */
  readonly prev: string;
  /** One for each weir process. */
  readonly session: string;
  /** With a key only: HMAC of this record without this field. */
  readonly mac?: string | undefined;
}

/** One line of the audit file. */
export type AuditRecord = ChainFields & (AuditEntry | AnchorEntry);

/** An entry with its place in the chain, before it is sealed. */
export type UnsealedRecord = Omit<ChainFields, "mac"> & (AuditEntry | AnchorEntry);

/** Hash that the first record of a chain names as the one before it. */
export const NO_HASH: string = "0".repeat(64);

/** Fields in the order of the line; others are not written. */
const FIELDS = [
  "seq",
  "ts",
  "prev",
  "id",
  "session",
  "kind",
  "tool",
  "decision",
  "rule",
  "reason",
  "approval",
  "method",
  "url",
  "request_headers",
  "body_sha256",
  "address",
  "dns_ms",
  "status",
  "bytes",
  "truncated",
  "duration_ms",
  "success",
  "code",
  "first_seq",
  "torn",
];

/** Characters that JSON leaves as they are and a terminal may obey or reorder the line by. */
const UNSAFE = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Longest text of a field: what a model types must not fill the disk with one call. */
const TEXT_LIMIT = 8192;
const HEADER_LIMIT = 200;

/** Returns the line of `record` without its end: one JSON object with its fields in fixed order. */
export function encodeRecord(record: UnsealedRecord): Uint8Array {
  const ordered: Record<string, unknown> = {};
  // True: the union is read by field name; a field it does not have is undefined, and not written.
  const fields = record as unknown as Readonly<Record<string, unknown>>;
  for (const field of FIELDS) ordered[field] = fields[field];
  return utf8(JSON.stringify(ordered).replace(UNSAFE, unicodeEscape));
}

function unicodeEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** Returns the entry without secrets: masked by name, then by value, then cut to a fair length. */
export function maskedEntry(entry: AuditEntry, redactor: Redactor): AuditEntry {
  const shown = (text: string): string => {
    const redacted = redactor.redactText(text);
    return redacted.length > TEXT_LIMIT ? `${redacted.slice(0, TEXT_LIMIT)}[cut]` : redacted;
  };
  const masked: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(entry)) {
    masked[field] = typeof value === "string" ? shown(value) : value;
  }
  masked["url"] = shown(maskUrl(entry.url));
  if (entry.kind === "intent" && entry.request_headers !== undefined) {
    const headers = maskHeaders(entry.request_headers.slice(0, HEADER_LIMIT));
    masked["request_headers"] = headers.map(([name, value]) => [shown(name), shown(value)]);
  }
  // True: each field is a copy of the entry's, of the same type.
  return masked as unknown as AuditEntry;
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/** Returns the record a line holds, or undefined when it is none. */
export function parseRecord(line: Uint8Array): AuditRecord | undefined {
  let data: unknown;
  try {
    data = JSON.parse(decoder.decode(line));
  } catch {
    return undefined;
  }
  // True: the fields the chain stands on are checked; the others are shown, never relied upon.
  return isChained(data) ? (data as AuditRecord) : undefined;
}

function isChained(data: unknown): boolean {
  if (typeof data !== "object" || data === null) return false;
  const { seq, prev, ts, kind } = data as Partial<Record<keyof ChainFields | "kind", unknown>>;
  return (
    typeof seq === "number" &&
    Number.isSafeInteger(seq) &&
    typeof prev === "string" &&
    typeof ts === "string" &&
    (kind === "intent" || kind === "outcome" || kind === "anchor")
  );
}
