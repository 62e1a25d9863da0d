import { expect, test } from "bun:test";
import { appendFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { auditHead } from "../../../lib/audit/read.ts";
import { verifyAudit } from "../../../lib/audit/verify.ts";
import { Secret } from "../../../lib/base/secret.ts";
import type { AuditFolder } from "../../support/audit.ts";
import {
  auditFolder,
  intentOf,
  openLog,
  PORTS,
  refusalOf,
  writeMany,
} from "../../support/audit.ts";

const { files } = PORTS;
const KEY = new Secret("a key of the operator");

/** Replaces the line of record `seq`. */
function edited(lines: readonly string[], seq: number, from: string, to: string): string[] {
  return lines.map((line, at) => (at === seq - 1 ? line.replace(from, to) : line));
}

/** Makes every `prev` after an attack fit again, as an attacker without the key can. */
function rehashed(lines: readonly string[]): string[] {
  let prev = "0".repeat(64);
  return lines.map((line) => {
    const fixed = line.replace(/"prev":"[0-9a-f]{64}"/, `"prev":"${prev}"`);
    prev = new Bun.CryptoHasher("sha256").update(fixed).digest("hex");
    return fixed;
  });
}

interface Attack {
  readonly name: string;
  readonly change: (lines: string[]) => readonly string[];
  readonly what: string;
  readonly line: number;
  readonly seq?: number;
  readonly isKeyed?: boolean;
}

// PX27: what is found, and at which record.
const ATTACKS: readonly Attack[] = [
  {
    name: "an edited record",
    change: (lines) => edited(lines, 4, "GET", "PUT"),
    what: "edited",
    line: 4,
    seq: 4,
  },
  {
    name: "an edited first record",
    change: (lines) => edited(lines, 1, "GET", "PUT"),
    what: "edited",
    line: 1,
    seq: 1,
  },
  {
    name: "one space more",
    change: (lines) => edited(lines, 6, ",", ", "),
    what: "edited",
    line: 6,
    seq: 6,
  },
  {
    name: "two edited records, by the first",
    change: (lines) => edited(edited(lines, 7, "GET", "PUT"), 3, "GET", "PUT"),
    what: "edited",
    line: 3,
    seq: 3,
  },
  {
    name: "a deleted record",
    change: (lines) => lines.toSpliced(4, 1),
    what: "deleted",
    line: 5,
    seq: 6,
  },
  {
    name: "a deleted stretch",
    change: (lines) => lines.toSpliced(2, 3),
    what: "deleted",
    line: 3,
    seq: 6,
  },
  {
    name: "a deleted first record",
    change: (lines) => lines.slice(1),
    what: "deleted",
    line: 1,
    seq: 2,
  },
  {
    name: "two swapped records",
    change: (lines) => lines.toSpliced(3, 2, ...lines.slice(3, 5).reverse()),
    what: "reordered",
    line: 4,
    seq: 5,
  },
  {
    name: "a record moved to the end",
    change: (lines) => [...lines.toSpliced(2, 1), ...lines.slice(2, 3)],
    what: "reordered",
    line: 3,
    seq: 4,
  },
  {
    name: "the last two records swapped",
    change: (lines) => [...lines.slice(0, -2), ...lines.slice(-2).reverse()],
    what: "reordered",
    line: 9,
    seq: 10,
  },
  {
    name: "a repeated record",
    change: (lines) => lines.toSpliced(5, 0, lines[4] ?? ""),
    what: "inserted",
    line: 6,
    seq: 5,
  },
  {
    name: "a copy of a later record put before it",
    change: (lines) => lines.toSpliced(2, 0, lines[7] ?? ""),
    what: "inserted",
    line: 3,
    seq: 8,
  },
  {
    name: "a forged record that fits the one before",
    change: (lines) => lines.toSpliced(5, 0, (lines[5] ?? "").replace("GET", "PUT")),
    what: "inserted",
    line: 6,
    seq: 6,
  },
  {
    name: "a forged record with a number of its own",
    change: (lines) => lines.toSpliced(5, 0, (lines[5] ?? "").replace('"seq":6', '"seq":600')),
    what: "inserted",
    line: 6,
    seq: 600,
  },
  {
    name: "a line that is no record",
    change: (lines) => lines.toSpliced(5, 0, "hello"),
    what: "malformed",
    line: 6,
  },
  {
    name: "an empty line",
    change: (lines) => lines.toSpliced(5, 0, ""),
    what: "malformed",
    line: 6,
  },
  {
    name: "a record cut short",
    change: (lines) => edited(lines, 5, '"url"', ""),
    what: "malformed",
    line: 5,
  },
];

test.each(ATTACKS)("verifyAudit() names $name", async ({ change, what, line, seq }) => {
  using folder = auditFolder();
  await writeMany(folder.path, 10);
  folder.setLines(change([...folder.lines()]));
  const report = await verifyAudit(files, { path: folder.path });
  expect(report).toMatchObject({ ok: false, problem: { what, line, file: folder.path } });
  expect(report.problem?.seq).toBe(seq);
});

test.each(ATTACKS.filter(({ what }) => what !== "malformed"))(
  "verifyAudit() with a key finds $name",
  async ({ change }) => {
    using folder = auditFolder();
    await writeMany(folder.path, 10, { key: KEY });
    folder.setLines(change([...folder.lines()]));
    expect((await verifyAudit(files, { path: folder.path, key: KEY })).ok).toBe(false);
  },
);

test.each(ATTACKS.filter(({ what }) => what === "edited" || what === "deleted"))(
  "verifyAudit() with a key finds $name also when all hashes were made to fit",
  async ({ change, what, line }) => {
    using folder = auditFolder();
    await writeMany(folder.path, 10, { key: KEY });
    folder.setLines(rehashed(change([...folder.lines()])));
    const { problem } = await verifyAudit(files, { path: folder.path, key: KEY });
    if (what === "edited") expect(problem?.what).toBeOneOf(["edited", "wrong_key"]);
    expect(problem?.line ?? 99).toBeLessThanOrEqual(line);
  },
);

test.each([
  { name: "in any line, with a key", key: KEY, keptLines: 0 },
  { name: "in any line but the last, without one", key: undefined, keptLines: 1 },
])("verifyAudit() finds a flipped bit $name", async ({ key, keptLines }) => {
  using folder = auditFolder();
  await writeMany(folder.path, 4, { key });
  const bytes = readFileSync(folder.path);
  const last = Buffer.byteLength(folder.lines().at(-1) ?? "") + 1;
  const end = keptLines === 0 ? bytes.length - 1 : bytes.length - last;
  for (let at = 0; at < end; at += 11) {
    const flipped = Uint8Array.from(bytes);
    flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
    writeFileSync(folder.path, flipped);
    expect((await verifyAudit(files, { path: folder.path, key })).ok).toBe(false);
  }
});

test("verifyAudit() without a key cannot see a rewrite, and with an expected head it can", async () => {
  using folder = auditFolder();
  await writeMany(folder.path, 10);
  const head = await auditHead(files, folder.path);
  folder.setLines(rehashed(edited(folder.lines(), 4, "GET", "PUT")));
  expect((await verifyAudit(files, { path: folder.path })).ok).toBe(true);
  expect(await verifyAudit(files, { path: folder.path, expectedHead: head?.hash })).toMatchObject({
    ok: false,
    problem: { what: "cut" },
  });
});

test("verifyAudit() finds a cut tail by the expected head", async () => {
  using folder = auditFolder();
  await writeMany(folder.path, 10);
  const head = await auditHead(files, folder.path);
  expect(head?.seq).toBe(10);
  folder.setLines(folder.lines().slice(0, -2));
  expect((await verifyAudit(files, { path: folder.path })).ok).toBe(true);
  expect(await verifyAudit(files, { path: folder.path, expectedHead: head?.hash })).toMatchObject({
    ok: false,
    problem: { what: "cut", line: 8, seq: 8 },
  });
});

test("verifyAudit() finds an expected head that others were added to since", async () => {
  using folder = auditFolder();
  await writeMany(folder.path, 3);
  const head = await auditHead(files, folder.path);
  await writeMany(folder.path, 3);
  expect(
    await verifyAudit(files, { path: folder.path, expectedHead: ` ${head?.hash.toUpperCase()}\n` }),
  ).toMatchObject({ ok: true, expectedHeadSeq: 3, lastSeq: 6 });
});

test("verifyAudit() with a key finds a last record that was edited, and the writer refuses it", async () => {
  using folder = auditFolder();
  await writeMany(folder.path, 5, { key: KEY });
  folder.setLines(edited(folder.lines(), 5, "GET", "PUT"));
  expect(await verifyAudit(files, { path: folder.path, key: KEY })).toMatchObject({
    ok: false,
    problem: { what: "edited", seq: 5 },
  });
  expect(await refusalOf(openLog(folder.path, { key: KEY }))).toMatchObject({
    code: "AUDIT_BROKEN",
  });
});

test.each([
  { name: "another key", written: KEY, read: new Secret("another"), line: 1 },
  { name: "no key, for a file with one", written: KEY, read: undefined, line: 1 },
  { name: "a key, for a file without one", written: undefined, read: KEY, line: 1 },
])("verifyAudit() says that the key is wrong: $name", async ({ written, read, line }) => {
  using folder = auditFolder();
  await writeMany(folder.path, 3, { key: written });
  expect(await verifyAudit(files, { path: folder.path, key: read })).toMatchObject({
    ok: false,
    records: 0,
    problem: { what: "wrong_key", line },
  });
});

test("auditHead() does not vouch for a keyed file without its key", async () => {
  using folder = auditFolder();
  await writeMany(folder.path, 3, { key: KEY });
  expect(await refusalOf(auditHead(files, folder.path))).toMatchObject({ code: "AUDIT_BROKEN" });
  const report = await verifyAudit(files, { path: folder.path, key: KEY });
  expect((await auditHead(files, folder.path, KEY))?.hash).toBe(report.head ?? "");
});

test("verifyAudit() does not take a forged mark of a crash for one, when there is a key", async () => {
  using folder = auditFolder();
  await writeMany(folder.path, 5, { key: KEY });
  const lines = folder.lines();
  const prev = /"prev":"([0-9a-f]{64})"/.exec(lines[2] ?? "")?.[1];
  const forged = `{"seq":3,"ts":"2030-01-01T00:00:00.000Z","prev":"${prev}","session":"s1","kind":"anchor","reason":"recovered","torn":"${"0".repeat(64)}","mac":"${"0".repeat(64)}"}`;
  folder.setLines([...lines.slice(0, 2), "covered up", forged]);
  expect((await verifyAudit(files, { path: folder.path, key: KEY })).ok).toBe(false);
});

test("verifyAudit() reports no records when there is no file", async () => {
  using folder = auditFolder();
  expect(await verifyAudit(files, { path: folder.path })).toEqual({
    ok: true,
    files: [],
    records: 0,
    mendedLines: 0,
    isTorn: false,
  });
  expect(await auditHead(files, folder.path)).toBeUndefined();
});

/** Fills a file and its rotated ones: three records each. */
async function rotatedFolder(count: number, keep: number): Promise<AuditFolder> {
  const folder = auditFolder();
  await writeMany(folder.path, count, { maxBytes: 1100, keep });
  return folder;
}

test("verifyAudit() walks over rotated files in order", async () => {
  using folder = await rotatedFolder(20, 10);
  const names = folder.names().filter((name) => !name.endsWith(".lock"));
  expect(names.length).toBeGreaterThan(5);
  const report = await verifyAudit(files, { path: folder.path });
  expect(report).toMatchObject({ ok: true, firstSeq: 1 });
  expect(report.records).toBe(20 + names.length - 1);
  expect(report.files.at(-1)).toBe(folder.path);
  // Every file but the oldest begins with the record that ties it to the one before.
  expect(JSON.parse(folder.lines()[0] ?? "")).toMatchObject({
    kind: "anchor",
    reason: "rotated",
    first_seq: 1,
  });
});

test("rotation drops what is beyond keep, and says which record is the oldest", async () => {
  using folder = await rotatedFolder(30, 3);
  expect(folder.names()).toEqual([
    "audit.jsonl",
    "audit.jsonl.1",
    "audit.jsonl.2",
    "audit.jsonl.3",
    "audit.jsonl.lock",
  ]);
  const report = await verifyAudit(files, { path: folder.path });
  expect(report.ok).toBe(true);
  expect(report.firstSeq).toBeGreaterThan(1);
  expect(JSON.parse(folder.lines()[0] ?? "").first_seq).toBe(report.firstSeq);
});

test.each([
  { name: "the oldest file is gone", suffix: ".3", what: "deleted" },
  { name: "a file in the middle is gone", suffix: ".2", what: "deleted" },
])("verifyAudit() finds that $name", async ({ suffix, what }) => {
  using folder = await rotatedFolder(30, 3);
  rmSync(`${folder.path}${suffix}`);
  expect(await verifyAudit(files, { path: folder.path })).toMatchObject({
    ok: false,
    problem: { what },
  });
});

test("verifyAudit() names the rotated file in which a record was edited", async () => {
  using folder = await rotatedFolder(30, 3);
  folder.setLines(edited(folder.lines(".2"), 2, "GET", "PUT"), ".2");
  expect(await verifyAudit(files, { path: folder.path })).toMatchObject({
    ok: false,
    problem: { what: "edited", file: `${folder.path}.2`, line: 2 },
  });
});

test.each([
  { name: "after the first move", moves: [[".1", ".2"]] },
  { name: "before the new file was made", moves: [["", ".2"]] },
] as const)("a rotation that crashed $name is finished by the next one", async ({ moves }) => {
  using folder = auditFolder();
  await writeMany(folder.path, 5, { maxBytes: 1100 });
  for (const [from, to] of moves) {
    if (from === "") await files.rename(`${folder.path}.1`, `${folder.path}.3`);
    await files.rename(`${folder.path}${from}`, `${folder.path}${to}`);
  }
  expect((await verifyAudit(files, { path: folder.path })).ok).toBe(true);
  await writeMany(folder.path, 10, { maxBytes: 1100 });
  expect(await verifyAudit(files, { path: folder.path })).toMatchObject({ ok: true, firstSeq: 1 });
});

test("a rotation is finished when the crash cut the first line of the new file", async () => {
  using folder = await rotatedFolder(12, 2);
  const before = await verifyAudit(files, { path: folder.path });
  await files.rename(`${folder.path}.1`, `${folder.path}.2`);
  await files.rename(folder.path, `${folder.path}.1`);
  appendFileSync(folder.path, '{"seq":', { mode: 0o600 });
  await writeMany(folder.path, 1, { maxBytes: 1100, keep: 2 });
  const report = await verifyAudit(files, { path: folder.path });
  expect(report).toMatchObject({ ok: true, mendedLines: 1 });
  expect(report.firstSeq).toBeGreaterThan(before.firstSeq ?? 0);
});

test("AuditLog.append() puts a record that is larger than a file into one of its own", async () => {
  using folder = auditFolder();
  const log = await openLog(folder.path, { maxBytes: 1000, keep: 20 });
  for (let at = 0; at < 4; at += 1) {
    await log.append(intentOf(`c${at}`, { reason: "r".repeat(2000) }));
  }
  await log.close();
  expect(await verifyAudit(files, { path: folder.path })).toMatchObject({ ok: true, firstSeq: 1 });
  expect(folder.names()).toHaveLength(5);
});
