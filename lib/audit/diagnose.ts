import type { ChainHash } from "./hash.ts";
import { NO_HASH } from "./record.ts";
import type { PlacedLine } from "./walk.ts";

/** What was done to a chain, as far as it can be told. */
export type Damage =
  | "edited"
  | "deleted"
  | "inserted"
  | "reordered"
  | "malformed"
  | "cut"
  | "wrong_key";

/** The first broken record of a chain. */
export interface AuditProblem {
  readonly what: Damage;
  readonly file?: string | undefined;
  /** From 1. */
  readonly line?: number | undefined;
  readonly seq?: number | undefined;
  /** Sentence case, no final period. */
  readonly message: string;
}

/** Where the walk along a chain came to its end. */
export interface Break {
  /** The last record that was in place. */
  readonly last: PlacedLine | undefined;
  /** Hash of that record. */
  readonly head: string;
  /** The first line that is not in place, and the one after it. */
  readonly line: PlacedLine;
  readonly next: PlacedLine | undefined;
  /** Sequence numbers of the lines after `line`. */
  readonly rest: readonly (number | undefined)[];
  readonly hash: ChainHash;
}

/** Returns the problem at `place`. */
export function problemAt(
  what: Damage,
  place: PlacedLine | undefined,
  message: string,
): AuditProblem {
  return { what, file: place?.file, line: place?.line, seq: place?.record?.seq, message };
}

/** Returns what was most likely done at a break, and to which record. */
export function diagnose(found: Break): AuditProblem {
  const { line, next, hash, last } = found;
  const { record } = line;
  if (record === undefined || !line.isWhole) {
    return problemAt("malformed", line, "This line is not a whole record");
  }
  if (hash.isKeyed !== (record.mac !== undefined)) {
    const want = hash.isKeyed ? "without the key" : "with a key, which is needed to verify it";
    return problemAt("wrong_key", line, `This record was written ${want}`);
  }
  if (!hash.isGenuine(line.bytes)) {
    const isKeyRight = last !== undefined || (next !== undefined && hash.isGenuine(next.bytes));
    return isKeyRight
      ? problemAt("edited", line, "This record was changed after it was written")
      : problemAt("wrong_key", line, "This record does not carry the code of this key");
  }
  const expected = (last?.record?.seq ?? 0) + 1;
  if (isWithoutLine(found, expected)) {
    return problemAt("inserted", line, "This record does not belong to the chain");
  }
  if (record.seq === expected) return misfit(found);
  return record.seq > expected ? gap(found, expected) : repeat(found, expected);
}

/** Says whether the chain would go on with the next line, and no record would be missing then. */
function isWithoutLine({ next, head, line, rest }: Break, expected: number): boolean {
  if (next?.record?.seq !== expected || next.record.prev !== head) return false;
  const seq = line.record?.seq ?? 0;
  // In place of a record that is missing further on, it was moved rather than put in.
  return seq <= expected || rest.includes(seq) || seq > expected + rest.length;
}

/** The number fits and the hash does not. */
function misfit({ line, last, head }: Break): AuditProblem {
  if (last === undefined || line.record?.prev === NO_HASH) {
    return problemAt("edited", line, `This record does not name the one before it, ${head}`);
  }
  return problemAt(
    "edited",
    last,
    `This record is not the one that record ${line.record?.seq} names: one of the two was changed`,
  );
}

/** Records are missing before the line. */
function gap({ line, rest }: Break, expected: number): AuditProblem {
  if (rest.includes(expected)) {
    return problemAt("reordered", line, `Record ${expected} belongs here and comes later`);
  }
  const until = (line.record?.seq ?? expected) - 1;
  const range =
    until === expected ? `Record ${expected} is` : `Records ${expected} to ${until} are`;
  return problemAt("deleted", line, `${range} missing before this record`);
}

/** The line has a number that was there before. */
function repeat({ line, next, last, hash }: Break, expected: number): AuditProblem {
  const isNamedByNext = next?.record?.prev === hash.of(line.bytes);
  if (line.record?.seq === expected - 1 && isNamedByNext) {
    return problemAt("inserted", last, "This record does not belong to the chain");
  }
  return problemAt("reordered", line, `Record ${expected} belongs here`);
}
