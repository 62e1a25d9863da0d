import type { Secret } from "../base/secret.ts";
import type { Files } from "../runtime/runtime.ts";
import type { AuditProblem } from "./diagnose.ts";
import { diagnose, problemAt } from "./diagnose.ts";
import type { ChainHash } from "./hash.ts";
import { chainHash } from "./hash.ts";
import { NO_HASH } from "./record.ts";
import { auditPaths } from "./rotation.ts";
import type { PlacedLine } from "./walk.ts";
import { placedLines, withNext } from "./walk.ts";

/** What is to be verified. */
export interface VerifyOptions {
  readonly path: string;
  /** The key the chain was written with. */
  readonly key?: Secret | undefined;
  /** Hash kept elsewhere: a record with it must be there, as the last one or an earlier one. */
  readonly expectedHead?: string | undefined;
}

/** What the walk found, up to the first problem. */
export interface AuditReport {
  readonly ok: boolean;
  /** The files that were read, the oldest first. */
  readonly files: readonly string[];
  readonly records: number;
  readonly firstSeq?: number | undefined;
  readonly lastSeq?: number | undefined;
  /** Hash of the last good record; undefined when there is none. */
  readonly head?: string | undefined;
  /** Lines that a crash cut and the next writer mended. */
  readonly mendedLines: number;
  /** True when the last line is cut: a writer died, or writes at this moment. */
  readonly isTorn: boolean;
  /** Sequence number of the record that has the expected hash. */
  readonly expectedHeadSeq?: number | undefined;
  readonly problem?: AuditProblem | undefined;
}

/** Walks taken when files are rotated under the reader. */
const WALK_LIMIT = 3;

/**
 * Walks the chain over the rotated files and the file itself, and names the first broken record.
 *
 * What a chain cannot show: without a key, a rewrite of the whole rest; without an expected head,
 * a tail that was cut, or a last record that was changed when there is no key.
 */
export async function verifyAudit(files: Files, options: VerifyOptions): Promise<AuditReport> {
  const hash = await chainHash(options.key);
  for (let turn = 1; ; turn += 1) {
    const before = await identities(files, options.path);
    const report = await walkOnce(files, options, hash);
    const isSettled = before === (await identities(files, options.path));
    if (report.ok || isSettled || turn === WALK_LIMIT) return report;
  }
}

async function identities(files: Files, path: string): Promise<string> {
  const paths = await auditPaths(files, path);
  const facts = await Promise.all(paths.map((one) => files.stat(one)));
  return facts.map((one) => one?.identity).join();
}

async function walkOnce(
  files: Files,
  options: VerifyOptions,
  hash: ChainHash,
): Promise<AuditReport> {
  const paths = await auditPaths(files, options.path);
  const walk = new Walk(hash, options.expectedHead?.trim().toLowerCase());
  const lines = withNext(placedLines(files, paths));
  let problem: AuditProblem | undefined;
  for await (const [line, next] of lines) {
    if (walk.take(line, next)) continue;
    const rest: (number | undefined)[] = [];
    for await (const [later] of lines) rest.push(later.record?.seq);
    problem = diagnose({ ...walk.state(), line, next, rest, hash });
    break;
  }
  problem ??= walk.finalProblem();
  return { ok: problem === undefined, files: paths, ...walk.counts(), problem };
}

/** Where a walk along the chain stands. */
class Walk {
  readonly #hash: ChainHash;
  readonly #expectedHead: string | undefined;
  #last: PlacedLine | undefined;
  #first: PlacedLine | undefined;
  #head: string = NO_HASH;
  #records = 0;
  #mendedLines = 0;
  #isTorn = false;
  #expectedHeadSeq: number | undefined;
  /** What the newest record of a rotation says of the oldest record. */
  #claimedFirstSeq: number | undefined;

  constructor(hash: ChainHash, expectedHead: string | undefined) {
    this.#hash = hash;
    this.#expectedHead = expectedHead;
  }

  /** Takes the line when it continues the chain, or is a cut one that may be there. */
  take(line: PlacedLine, next: PlacedLine | undefined): boolean {
    if (!line.isWhole && next === undefined) {
      this.#isTorn = true;
      return true;
    }
    if (this.#isMended(line, next)) {
      this.#mendedLines += 1;
      return true;
    }
    if (!this.#continues(line)) return false;
    this.#first ??= line;
    this.#last = line;
    this.#head = this.#hash.of(line.bytes);
    this.#records += 1;
    const { record } = line;
    if (record?.kind === "anchor" && record.reason === "rotated") {
      this.#claimedFirstSeq = record.first_seq;
    }
    if (this.#expectedHead === this.#head) this.#expectedHeadSeq = record?.seq;
    return true;
  }

  state(): { last: PlacedLine | undefined; head: string } {
    return { last: this.#last, head: this.#head };
  }

  counts(): Omit<AuditReport, "ok" | "files" | "problem"> {
    return {
      records: this.#records,
      firstSeq: this.#first?.record?.seq,
      lastSeq: this.#last?.record?.seq,
      head: this.#last === undefined ? undefined : this.#head,
      mendedLines: this.#mendedLines,
      isTorn: this.#isTorn,
      expectedHeadSeq: this.#expectedHeadSeq,
    };
  }

  /** Returns what is wrong with a chain each record of which is in place. */
  finalProblem(): AuditProblem | undefined {
    const firstSeq = this.#first?.record?.seq;
    if (this.#claimedFirstSeq !== undefined && firstSeq !== this.#claimedFirstSeq) {
      const want = this.#claimedFirstSeq;
      return problemAt("deleted", this.#first, `Records from ${want} on were kept and are missing`);
    }
    if (this.#expectedHead === undefined || this.#expectedHeadSeq !== undefined) return undefined;
    return problemAt(
      "cut",
      this.#last,
      "No record has the expected hash: the end was cut, the file was rewritten, or the record was rotated away",
    );
  }

  #isMended(line: PlacedLine, next: PlacedLine | undefined): boolean {
    const record = next?.record;
    return (
      record?.kind === "anchor" &&
      record.reason === "recovered" &&
      record.prev === this.#head &&
      next !== undefined &&
      this.#hash.isGenuine(next.bytes) &&
      record.torn === this.#hash.of(line.bytes)
    );
  }

  #continues({ record, bytes, isWhole }: PlacedLine): boolean {
    if (record === undefined || !isWhole || !this.#hash.isGenuine(bytes)) return false;
    if (!this.#hash.isKeyed && record.mac !== undefined) return false;
    const seq = this.#last?.record?.seq;
    if (seq !== undefined) return record.seq === seq + 1 && record.prev === this.#head;
    if (record.seq === 1) return record.prev === NO_HASH;
    // What came before was rotated away, and this record says so.
    return record.kind === "anchor" && record.reason === "rotated";
  }
}
