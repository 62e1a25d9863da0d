import { concatBytes, utf8 } from "../base/bytes.ts";
import { WeirError } from "../base/errors.ts";
import type { AppendFile, FileFacts, Files } from "../runtime/runtime.ts";
import type { ChainHash } from "./hash.ts";
import type { Line } from "./lines.ts";
import { firstLines, lastLines, rangeChunks } from "./lines.ts";
import type { AnchorEntry, AuditEntry } from "./record.ts";
import { encodeRecord, NO_HASH, parseRecord } from "./record.ts";
import { auditPaths, rotate } from "./rotation.ts";
import type { ChainEnd } from "./tail.ts";
import { broken, chainEndOf } from "./tail.ts";

/** An entry and when it was handed over. */
export interface StampedEntry {
  readonly entry: AuditEntry | AnchorEntry;
  /** UTC, ISO 8601. */
  readonly ts: string;
}

/** What a writer needs to know. */
export interface WriterOptions {
  readonly path: string;
  readonly maxBytes: number;
  readonly keep: number;
  readonly session: string;
  readonly isSynced: boolean;
}

const LINE_END = utf8("\n");

/** The file as this process saw it last. */
interface OpenFile {
  readonly file: AppendFile;
  readonly identity: string;
  readonly sizeBytes: number;
  readonly end: ChainEnd;
  /** Hash of a line without end that a crash left; the next record says so. */
  readonly torn?: string | undefined;
  /** True when it follows a rotated file and no record says so yet. */
  readonly needsAnchor: boolean;
}

/** Writes records to the end of the chain. Every call needs the lock between processes. */
export class ChainWriter {
  readonly #options: WriterOptions;
  readonly #files: Files;
  readonly #hash: ChainHash;
  #open: OpenFile | undefined;
  /** Lines made and not yet written. */
  #lines: Uint8Array[] = [];
  #lineBytes = 0;

  constructor(options: WriterOptions, files: Files, hash: ChainHash) {
    this.#options = options;
    this.#files = files;
    this.#hash = hash;
  }

  /**
   * Adds the entries to the chain, and what happened to the file since the last time.
   *
   * @throws {WeirError} AUDIT_BROKEN, AUDIT_WRITE; or the system's error
   */
  async add(entries: readonly StampedEntry[]): Promise<void> {
    [this.#lines, this.#lineBytes] = [[], 0];
    const [first] = entries;
    if (first === undefined) return;
    let open = await this.#current();
    let end = await this.#mended(open, first.ts);
    for (const entry of entries) {
      let line = this.#line(end, entry);
      if (this.#isFull(open, line)) {
        await this.#flush(open, end);
        open = await this.#rotated(open);
        end = await this.#mended(open, entry.ts);
        line = this.#line(end, entry);
      }
      end = this.#push(end, line);
    }
    await this.#flush(open, end);
  }

  /** Opens the file and checks that the chain can be continued, without adding to it. */
  async look(): Promise<void> {
    await this.#current();
  }

  /** Closes the file. */
  async close(): Promise<void> {
    await this.#open?.file.close();
    this.#open = undefined;
  }

  /** Adds the records that tell of a cut line and of a rotation; returns the end after them. */
  async #mended(open: OpenFile, ts: string): Promise<ChainEnd> {
    let { end } = open;
    const add = (entry: AnchorEntry): void => {
      end = this.#push(end, this.#line(end, { entry, ts }));
    };
    if (open.torn !== undefined) {
      this.#lines.push(LINE_END);
      this.#lineBytes += 1;
      add({ kind: "anchor", reason: "recovered", torn: open.torn });
    }
    if (open.needsAnchor) {
      add({ kind: "anchor", reason: "rotated", first_seq: await this.#oldestSeq(end) });
    }
    return end;
  }

  #line(end: ChainEnd, { entry, ts }: StampedEntry): Uint8Array {
    const place = { seq: end.seq + 1, ts, prev: end.hash, session: this.#options.session };
    return this.#hash.seal(encodeRecord({ ...place, ...entry }));
  }

  #push(end: ChainEnd, line: Uint8Array): ChainEnd {
    this.#lines.push(line, LINE_END);
    this.#lineBytes += line.byteLength + 1;
    return { seq: end.seq + 1, hash: this.#hash.of(line) };
  }

  /** Says whether `line` has to go to a new file; one that holds an anchor only takes any line. */
  #isFull(open: OpenFile, line: Uint8Array): boolean {
    if (open.sizeBytes === 0 && this.#lines.length <= 2) return false;
    return open.sizeBytes + this.#lineBytes + line.byteLength + 1 > this.#options.maxBytes;
  }

  async #flush(open: OpenFile, end: ChainEnd): Promise<void> {
    const bytes = concatBytes(this.#lines);
    [this.#lines, this.#lineBytes] = [[], 0];
    if (bytes.byteLength === 0) return;
    await open.file.append(bytes);
    if (this.#options.isSynced) await open.file.sync();
    const { file, identity, sizeBytes } = open;
    const grownBytes = sizeBytes + bytes.byteLength;
    this.#open = { file, identity, sizeBytes: grownBytes, end, needsAnchor: false };
  }

  async #rotated(open: OpenFile): Promise<OpenFile> {
    await open.file.close();
    this.#open = undefined;
    await rotate(this.#files, this.#options.path, this.#options.keep);
    return this.#opened();
  }

  /** Returns the sequence number of the oldest record there is. */
  async #oldestSeq(end: ChainEnd): Promise<number> {
    const [oldest] = await auditPaths(this.#files, this.#options.path);
    if (oldest === undefined) return end.seq + 1;
    const [first] = await firstLines(this.#files.chunks(oldest), 1);
    return (first && parseRecord(first.bytes)?.seq) ?? end.seq + 1;
  }

  /** Returns the file as it is now: others may have added to it or rotated it. */
  async #current(): Promise<OpenFile> {
    const facts = await this.#files.stat(this.#options.path);
    const known = this.#open;
    if (known === undefined || facts?.identity !== known.identity) {
      await this.close();
      return this.#continued(known, await this.#opened());
    }
    if (facts.sizeBytes === known.sizeBytes) return known;
    if (facts.sizeBytes < known.sizeBytes) {
      throw broken(this.#options.path, "it is shorter than this process left it");
    }
    return (this.#open = await this.#grown(known, facts.sizeBytes));
  }

  /** Returns the file that took the place of `known`: one that others rotated, or began anew. */
  #continued(known: OpenFile | undefined, open: OpenFile): OpenFile {
    const { seq, hash } = known?.end ?? { seq: 0, hash: NO_HASH };
    const isBehind = open.end.seq < seq || (open.end.seq === seq && open.end.hash !== hash);
    // Without a record it is what the operator gets who moved everything away.
    if (!isBehind || open.end.seq === 0) return open;
    throw broken(this.#options.path, "records of this process are gone from it");
  }

  async #grown(known: OpenFile, sizeBytes: number): Promise<OpenFile> {
    const { file, identity } = known;
    const added = rangeChunks(file, known.sizeBytes, sizeBytes);
    const [first, second] = await firstLines(added, 2);
    if (first?.isWhole === true && !follows(known.end, first, second)) {
      throw broken(this.#options.path, "a record was added that does not continue it");
    }
    const { last, torn } = await lastLines(file, known.sizeBytes, sizeBytes);
    const end = last === undefined ? known.end : chainEndOf(last, this.#hash, this.#options.path);
    const needsAnchor = known.needsAnchor && last === undefined;
    return { file, identity, sizeBytes, end, torn: torn && this.#hash.of(torn), needsAnchor };
  }

  async #opened(): Promise<OpenFile> {
    const { path } = this.#options;
    const file = await this.#files.openAppend(path);
    try {
      const facts = await file.facts();
      await this.#checkSafety(file, facts);
      const { last, torn } = await lastLines(file, 0, facts.sizeBytes);
      const end =
        last === undefined ? await this.#endOfRotated() : chainEndOf(last, this.#hash, path);
      const { identity, sizeBytes } = facts;
      const needsAnchor = last === undefined && end.seq > 0;
      const tornHash = torn && this.#hash.of(torn);
      return (this.#open = { file, identity, sizeBytes, end, torn: tornHash, needsAnchor });
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Returns the end of the newest rotated file; `NO_HASH` when there is none. */
  async #endOfRotated(): Promise<ChainEnd> {
    const { path } = this.#options;
    const newest = (await auditPaths(this.#files, path)).filter((one) => one !== path).at(-1);
    if (newest === undefined) return { seq: 0, hash: NO_HASH };
    const file = await this.#files.openAppend(newest);
    try {
      const { last } = await lastLines(file, 0, (await file.facts()).sizeBytes);
      if (last === undefined) throw broken(newest, "it holds no record");
      return chainEndOf(last, this.#hash, newest);
    } finally {
      await file.close();
    }
  }

  /** Refuses a file that others can change; one that others can only read is set to 0600. */
  async #checkSafety(file: AppendFile, { isFile, isOwn, mode }: FileFacts): Promise<void> {
    if (isFile && isOwn && (mode & 0o022) === 0) {
      if ((mode & 0o077) !== 0) await file.restrict();
      return;
    }
    const why = isFile ? "others can write to it" : "it is not a regular file";
    throw new WeirError("AUDIT_WRITE", `Audit file ${this.#options.path} is not safe: ${why}`, {
      hint: "Give the file to the user that runs weir, with mode 0600, or set path under [audit]",
      details: { path: this.#options.path },
    });
  }
}

/** Says whether added lines continue the chain: the first one does, or it was cut and mended. */
function follows(end: ChainEnd, first: Line, second: Line | undefined): boolean {
  if (parseRecord(first.bytes)?.prev === end.hash) return true;
  const next = second && parseRecord(second.bytes);
  return next?.kind === "anchor" && next.reason === "recovered" && next.prev === end.hash;
}
