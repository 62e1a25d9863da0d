import { expect, test } from "bun:test";
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { openAuditLog } from "../../../lib/audit/log.ts";
import { verifyAudit } from "../../../lib/audit/verify.ts";
import { utf8 } from "../../../lib/base/bytes.ts";
import { Redactor } from "../../../lib/base/redact.ts";
import { Secret } from "../../../lib/base/secret.ts";
import type { Files } from "../../../lib/runtime/runtime.ts";
import {
  auditFolder,
  intentOf,
  openLog,
  outcomeOf,
  PORTS,
  refusalOf,
  writeMany,
} from "../../support/audit.ts";

const FIELDS_OF_INTENT =
  "seq ts prev id session kind tool decision rule reason approval method url request_headers body_sha256";
const FIELDS_OF_OUTCOME =
  "seq ts prev id session kind tool decision method url address dns_ms status bytes truncated duration_ms success";

const TOKEN = "ghp_REALVALUE/+x";

// PX26: everything the seed wants recorded, in one intent and one outcome.
test("AuditLog.append() writes one line a record with the fields of the spec, in their order", async () => {
  using folder = auditFolder();
  const log = await openLog(folder.path);
  await log.append(
    intentOf("c1", {
      reason: "read only",
      approval: "a1",
      request_headers: [["Accept", "*/*"]],
      body_sha256: "00ff",
    }),
  );
  await log.append(
    outcomeOf("c1", {
      decision: "allow",
      address: "192.0.2.1",
      dns_ms: 1.5,
      status: 200,
      bytes: 7,
      truncated: false,
    }),
  );
  await log.close();
  const [intent = "", outcome = ""] = folder.lines();
  expect(Object.keys(JSON.parse(intent)).join(" ")).toBe(FIELDS_OF_INTENT);
  expect(JSON.parse(intent)).toMatchObject({
    seq: 1,
    prev: "0".repeat(64),
    session: "s1",
    kind: "intent",
    request_headers: [["Accept", "*/*"]],
  });
  expect(Object.keys(JSON.parse(outcome)).join(" ")).toBe(FIELDS_OF_OUTCOME);
  // Anyone can check the chain with sha256sum: the hash is that of the line as it stands.
  expect(JSON.parse(outcome).prev).toBe(
    new Bun.CryptoHasher("sha256").update(intent).digest("hex"),
  );
});

test("openAuditLog() makes a file and folder that only the user can read (PX27)", async () => {
  using folder = auditFolder();
  await writeMany(folder.path, 1);
  expect(statSync(folder.path).mode & 0o777).toBe(0o600);
  expect(statSync(`${folder.path}.lock`).mode & 0o777).toBe(0o600);
  expect(statSync(dirname(folder.path)).mode & 0o777).toBe(0o700);
});

// The weak list: three patterns missed Basic, Cookie and signatures in URLs.
test.each([
  {
    name: "an Authorization header",
    change: { request_headers: [["Authorization", `Basic ${TOKEN}`]] },
  },
  { name: "a Cookie header", change: { request_headers: [["Cookie", `sid=${TOKEN}`]] } },
  { name: "a header nobody knows", change: { request_headers: [["X-Odd", TOKEN]] } },
  {
    name: "base64 in a header nobody knows",
    change: { request_headers: [["X-Odd", btoa(`u:${TOKEN}`)]] },
  },
  {
    name: "a query parameter nobody knows",
    change: { url: `https://h.test/?odd=${encodeURIComponent(TOKEN)}` },
  },
  { name: "the path", change: { url: `https://h.test/bot${encodeURIComponent(TOKEN)}/send` } },
  { name: "userinfo", change: { url: `https://user:${encodeURIComponent(TOKEN)}@h.test/` } },
  { name: "a reason", change: { reason: `no rule for ${TOKEN}` } },
] as const)("AuditLog.append() masks a secret in $name", async ({ change }) => {
  using folder = auditFolder();
  const redactor = new Redactor();
  redactor.learn(TOKEN);
  const log = await openLog(folder.path, { redactor });
  await log.append(intentOf("c1", change));
  await log.close();
  const text = readFileSync(folder.path, "utf8");
  expect(text).toContain("[redacted]");
  expect(text).not.toContain("REALVALUE");
  expect(text).not.toContain(btoa(TOKEN).slice(4, 16));
});

test.each([
  { name: "a signature in the URL", change: { url: "https://h.test/?X-Amz-Signature=abc" } },
  { name: "an unknown API key", change: { request_headers: [["x-api-key", "abc"]] } },
  { name: "a cookie", change: { request_headers: [["cookie", "sid=abc"]] } },
] as const)("AuditLog.append() masks $name by its name alone", async ({ change }) => {
  using folder = auditFolder();
  const log = await openLog(folder.path);
  await log.append(intentOf("c1", change));
  await log.close();
  expect(readFileSync(folder.path, "utf8")).not.toMatch(/[^a-z]abc/);
});

test("AuditLog.append() lets no control character or line break of a caller into the file", async () => {
  using folder = auditFolder();
  const log = await openLog(folder.path);
  const hostile = 'GET\n{"seq":9}\r\u001b]52;c;x\u0007\u009b31m\u202e';
  await log.append(intentOf("c1", { method: hostile, url: hostile }));
  await log.close();
  expect(folder.lines()).toHaveLength(1);
  expect(JSON.parse(folder.lines()[0] ?? "").method).toBe(hostile);
  expect(folder.lines()[0]).toMatch(/^[\u0020-\u007e]*$/);
});

test("AuditLog.append() cuts a text that would fill the disk", async () => {
  using folder = auditFolder();
  const log = await openLog(folder.path);
  await log.append(intentOf("c1", { url: `https://h.test/${"a".repeat(1_000_000)}` }));
  await log.close();
  expect(statSync(folder.path).size).toBeLessThan(10_000);
});

test("AuditLog.append() keeps 500 concurrent appends in one chain, in the order of the calls", async () => {
  using folder = auditFolder();
  const log = await openLog(folder.path);
  await Promise.all(Array.from({ length: 500 }, (_, at) => log.append(intentOf(`c${at}`))));
  await log.close();
  expect(folder.lines().map((line) => JSON.parse(line).id)).toEqual(
    Array.from({ length: 500 }, (_, at) => `c${at}`),
  );
  expect(await verifyAudit(PORTS.files, { path: folder.path })).toMatchObject({
    ok: true,
    records: 500,
    lastSeq: 500,
  });
});

test("openAuditLog() continues the chain of the process before", async () => {
  using folder = auditFolder();
  await writeMany(folder.path, 3);
  await writeMany(folder.path, 3, { session: "s2" });
  expect(await verifyAudit(PORTS.files, { path: folder.path })).toMatchObject({
    ok: true,
    records: 6,
  });
});

test("AuditLog.append(): two logs of one process take turns on one file", async () => {
  using folder = auditFolder();
  const [one, two] = [await openLog(folder.path), await openLog(folder.path, { session: "s2" })];
  const ids = Array.from({ length: 50 }, (_, at) => `c${at}`);
  await Promise.all(ids.flatMap((id) => [one.append(intentOf(id)), two.append(outcomeOf(id))]));
  await Promise.all([one.close(), two.close()]);
  expect(await verifyAudit(PORTS.files, { path: folder.path })).toMatchObject({
    ok: true,
    records: 100,
  });
});

test.each([
  {
    name: "a symbolic link",
    code: "AUDIT_WRITE",
    prepare(path: string) {
      writeFileSync(`${path}.real`, "");
      symlinkSync(`${path}.real`, path);
    },
  },
  {
    name: "a file others can write to",
    code: "AUDIT_WRITE",
    prepare(path: string) {
      writeFileSync(path, "");
      chmodSync(path, 0o622);
    },
  },
  { name: "a folder", code: "AUDIT_WRITE", prepare: (path: string) => mkdirSync(path) },
  {
    name: "a file that is no audit file",
    code: "AUDIT_BROKEN",
    prepare: (path: string) => writeFileSync(path, "hello\n", { mode: 0o600 }),
  },
])("openAuditLog() refuses $name", async (row) => {
  using folder = auditFolder();
  mkdirSync(dirname(folder.path));
  row.prepare(folder.path);
  expect(await refusalOf(openLog(folder.path))).toMatchObject({ code: row.code });
});

test("openAuditLog() refuses a path whose folder is a file", async () => {
  using folder = auditFolder();
  writeFileSync(dirname(folder.path), "");
  expect(await refusalOf(openLog(folder.path))).toMatchObject({ code: "AUDIT_WRITE" });
});

test("openAuditLog() takes reading away from others", async () => {
  using folder = auditFolder();
  await writeMany(folder.path, 1);
  chmodSync(folder.path, 0o644);
  await writeMany(folder.path, 1);
  expect(statSync(folder.path).mode & 0o777).toBe(0o600);
});

test.each([
  { name: "a key, when it was begun without one", first: undefined, second: "k2" },
  { name: "no key, when it was begun with one", first: "k1", second: undefined },
  { name: "another key", first: "k1", second: "k2" },
])("openAuditLog() does not continue a chain with $name", async ({ first, second }) => {
  using folder = auditFolder();
  await writeMany(folder.path, 2, { key: first === undefined ? undefined : new Secret(first) });
  expect(
    await refusalOf(
      openLog(folder.path, { key: second === undefined ? undefined : new Secret(second) }),
    ),
  ).toMatchObject({ code: "AUDIT_BROKEN" });
});

test.each([
  { name: "was cut", damage: (path: string) => truncateSync(path, 100) },
  {
    name: "got a record that does not continue it",
    damage: (path: string) =>
      appendFileSync(path, `${readFileSync(path, "utf8").split("\n")[0]}\n`),
  },
])("AuditLog.append() refuses, and goes on refusing, when the file $name", async ({ damage }) => {
  using folder = auditFolder();
  const log = await openLog(folder.path);
  await log.append(intentOf("c1"));
  damage(folder.path);
  for (const id of ["c2", "c3"]) {
    expect(await refusalOf(log.append(intentOf(id)))).toMatchObject({ code: "AUDIT_BROKEN" });
  }
  await log.close();
  expect(readFileSync(folder.path, "utf8")).not.toContain('"c2"');
});

test("AuditLog.append() begins anew when the operator moved the file away", async () => {
  using folder = auditFolder();
  const log = await openLog(folder.path);
  await log.append(intentOf("c1"));
  renameSync(folder.path, `${folder.path}-moved`);
  await log.append(intentOf("c2"));
  await log.close();
  expect(await verifyAudit(PORTS.files, { path: folder.path })).toMatchObject({
    ok: true,
    records: 1,
  });
});

/** Files whose disk has room for `room.bytes` more; half of a write that does not fit is written. */
function fullDisk(room: { bytes: number }): Files {
  return {
    ...PORTS.files,
    async openAppend(path, mode) {
      const file = await PORTS.files.openAppend(path, mode);
      return {
        ...file,
        async append(bytes) {
          const part = bytes.subarray(0, room.bytes);
          await file.append(part);
          room.bytes -= part.byteLength;
          if (part.byteLength < bytes.byteLength) {
            throw Object.assign(new Error("disk full"), { code: "ENOSPC" });
          }
        },
      };
    },
  };
}

test("AuditLog.append() refuses on a full disk, and mends the cut line when there is room again", async () => {
  using folder = auditFolder();
  const room = { bytes: 500 };
  const log = await openAuditLog(
    { path: folder.path, session: "s1" },
    { ...PORTS, files: fullDisk(room) },
  );
  await log.append(intentOf("c1"));
  expect(await refusalOf(log.append(intentOf("c2", { reason: "r".repeat(500) })))).toMatchObject({
    code: "AUDIT_WRITE",
    details: { path: folder.path },
  });
  expect(await refusalOf(log.append(intentOf("c3")))).toMatchObject({ code: "AUDIT_WRITE" });
  room.bytes = 10_000;
  await log.append(intentOf("c4"));
  await log.close();
  expect(await verifyAudit(PORTS.files, { path: folder.path })).toMatchObject({
    ok: true,
    records: 3,
    mendedLines: 1,
    isTorn: false,
  });
  expect(folder.lines().map((line) => /"(c\d|recovered)"/.exec(line)?.[1])).toEqual([
    "c1",
    "c2",
    "recovered",
    "c4",
  ]);
});

test.each([
  { name: "in the first line of a file", keepBytes: 30 },
  { name: "before the line end only", keepBytes: -1 },
  { name: "in the middle of the last line", keepBytes: -40 },
])("openAuditLog() mends a line that a crash cut $name", async ({ keepBytes }) => {
  using folder = auditFolder();
  await writeMany(folder.path, 3);
  const size = statSync(folder.path).size;
  truncateSync(folder.path, keepBytes < 0 ? size + keepBytes : keepBytes);
  expect(await verifyAudit(PORTS.files, { path: folder.path })).toMatchObject({
    ok: true,
    isTorn: true,
    records: keepBytes < 0 ? 2 : 0,
  });
  await writeMany(folder.path, 2);
  expect(await verifyAudit(PORTS.files, { path: folder.path })).toMatchObject({
    ok: true,
    isTorn: false,
    mendedLines: 1,
    records: (keepBytes < 0 ? 2 : 0) + 3,
  });
});

test("AuditLog.append() understands a line that another process cut and a third one mended", async () => {
  using folder = auditFolder();
  const log = await openLog(folder.path);
  await log.append(intentOf("c1"));
  appendFileSync(folder.path, utf8('{"seq":2,"ts":"20'));
  await writeMany(folder.path, 1, { session: "s3" });
  await log.append(intentOf("c2"));
  await log.close();
  expect(await verifyAudit(PORTS.files, { path: folder.path })).toMatchObject({
    ok: true,
    records: 4,
    mendedLines: 1,
  });
});

test("AuditLog.append() refuses when another process holds the file too long", async () => {
  using folder = auditFolder();
  let elapsedMs = 0;
  const clock = {
    now: () => 0,
    monotonicMs: () => elapsedMs,
    after(delayMs: number, task: () => void) {
      elapsedMs += delayMs;
      queueMicrotask(task);
      return () => {};
    },
  };
  const log = await openAuditLog({ path: folder.path, session: "s1" }, { ...PORTS, clock });
  const other = await PORTS.files.openLock(`${folder.path}.lock`);
  expect(other.tryAcquire()).toBe(true);
  expect(await refusalOf(log.append(intentOf("c1")))).toMatchObject({ code: "AUDIT_WRITE" });
  expect(elapsedMs).toBeGreaterThanOrEqual(5000);
  other.release();
  await log.append(intentOf("c2"));
  await log.close();
  other.close();
  expect(folder.lines()).toHaveLength(1);
});

test("AuditLog.append() with isSynced writes the same chain", async () => {
  using folder = auditFolder();
  await writeMany(folder.path, 3, { isSynced: true });
  expect((await verifyAudit(PORTS.files, { path: folder.path })).ok).toBe(true);
});
