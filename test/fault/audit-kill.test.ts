import { expect, test } from "bun:test";
import { readAudit } from "../../lib/audit/read.ts";
import { verifyAudit } from "../../lib/audit/verify.ts";
import { auditFolder, PORTS, writeMany } from "../support/audit.ts";

// PX27. WEIR_KILLS=200 is the full series.
const KILLS = Number(process.env["WEIR_KILLS"] ?? 20);
const writer = new URL("./audit-writer.ts", import.meta.url).pathname;

interface Writer {
  readonly path: string;
  readonly session: string;
  readonly count: number;
  readonly inFlight: number;
  readonly maxBytes?: number;
}

function start({ path, session, count, inFlight, maxBytes = 100_000_000 }: Writer) {
  const numbers = [count, inFlight, maxBytes].map(String);
  return Bun.spawn([process.execPath, writer, path, session, ...numbers], {
    stdout: "pipe",
    stderr: "inherit",
  });
}

async function idsIn(path: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const record of readAudit(PORTS.files, path)) {
    if (record.kind !== "anchor") ids.push(record.id);
  }
  return ids;
}

test.each([
  { name: "one file", maxBytes: 100_000_000 },
  { name: "a file that rotates under them", maxBytes: 40_000 },
])("four processes append 500 records each to $name: nothing is lost", async ({ maxBytes }) => {
  using folder = auditFolder();
  const { path } = folder;
  const children = ["a", "b", "c", "d"].map((session) =>
    start({ path, session, count: 500, inFlight: 4, maxBytes }),
  );
  expect(await Promise.all(children.map((child) => child.exited))).toEqual([0, 0, 0, 0]);
  const report = await verifyAudit(PORTS.files, { path });
  expect(report).toMatchObject({ ok: true, isTorn: false, mendedLines: 0, firstSeq: 1 });
  const ids = await idsIn(path);
  expect(ids).toHaveLength(2000);
  expect(new Set(ids).size).toBe(2000);
});

test(`kill -9 at ${KILLS} random moments: the chain verifies, and holds all that was acknowledged`, async () => {
  using folder = auditFolder();
  const { path } = folder;
  const acknowledged = new Set<string>();
  for (let turn = 0; turn < KILLS; turn += 1) {
    const children = [0, 1].map((one) =>
      start({
        path,
        session: `t${turn}${one === 0 ? "a" : "b"}`,
        count: 1_000_000,
        inFlight: 8,
        maxBytes: 30_000,
      }),
    );
    const outputs = children.map((child) => new Response(child.stdout).text());
    const [first, second] = children;
    await Bun.sleep(40 + Math.random() * 120);
    first?.kill("SIGKILL");
    await first?.exited;
    // The second one goes on: the lock of the dead holder is free.
    await Bun.sleep(Math.random() * 30);
    second?.kill("SIGKILL");
    await second?.exited;
    for (const output of await Promise.all(outputs)) {
      // A line without its end may be half a name.
      for (const id of output.split("\n").slice(0, -1)) acknowledged.add(id);
    }
    const report = await verifyAudit(PORTS.files, { path });
    expect(report).toMatchObject({ ok: true });
  }
  await writeMany(path, 1);
  expect(await verifyAudit(PORTS.files, { path })).toMatchObject({ ok: true, isTorn: false });
  const written = new Set(await idsIn(path));
  expect([...acknowledged].filter((id) => !written.has(id))).toEqual([]);
  expect(acknowledged.size).toBeGreaterThan(KILLS);
});
