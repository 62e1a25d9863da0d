import { describe, expect, test } from "bun:test";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { collectGarbage, type Collected } from "../../../lib/results/collect-garbage.ts";
import { openIndexLock } from "../../../lib/results/index-file.ts";
import {
  codeOfRejection,
  type KeepChanges,
  chunksOf,
  keepRequest,
  referenceOf,
  RunsFolder,
  textOf,
} from "../../support/results.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const BODY = "x".repeat(100);
const HOUR_MS = 3_600_000;

function collect(runs: RunsFolder, ended: readonly string[] = []): Promise<Collected> {
  return collectGarbage({
    runsFolder: runs.runsFolder,
    files: runs.files,
    clock: runs.clock,
    isEnded: (id) => ended.includes(id),
  });
}

async function keep(
  runs: RunsFolder,
  changes: KeepChanges = {},
  body = BODY,
  runId = "r1",
): Promise<string> {
  using store = runs.store(runId);
  return referenceOf(await store.keep(chunksOf(body), keepRequest(changes))).ref;
}

test.each<{
  name: string;
  changes: KeepChanges;
  afterMs: number;
  ended: string[];
  isKept: boolean;
}>([
  { name: "before its ttl", changes: {}, afterMs: HOUR_MS - 1, ended: ["r1"], isKept: true },
  { name: "after its ttl", changes: {}, afterMs: HOUR_MS, ended: [], isKept: false },
  {
    name: "without a ttl",
    changes: { store: { ttlMs: undefined } },
    afterMs: 9e9,
    ended: ["r1"],
    isKept: true,
  },
  {
    name: "that is permanent",
    changes: { store: { scope: "permanent" } },
    afterMs: 9e9,
    ended: ["r1"],
    isKept: true,
  },
  {
    name: "of a step in a run that goes on",
    changes: { store: { scope: "step" } },
    afterMs: 0,
    ended: ["r2"],
    isKept: true,
  },
  {
    name: "of a step in a run that is over",
    changes: { store: { scope: "step" } },
    afterMs: 0,
    ended: ["r1"],
    isKept: false,
  },
])(
  "collectGarbage(): a result $name: kept is $isKept",
  async ({ changes, afterMs, ended, isKept }) => {
    using folder = temporaryFolder();
    const runs = new RunsFolder(folder.path);
    const ref = await keep(runs, changes);
    runs.clock.advance(afterMs);
    const collected = await collect(runs, ended);
    expect(collected.references).toBe(isKept ? 0 : 1);
    expect(collected.bytes).toBe(isKept ? 0 : BODY.length);
    expect(await runs.bodies()).toHaveLength(isKept ? 1 : 0);
    using store = runs.store();
    if (isKept) expect(await textOf(await store.open(ref))).toBe(BODY);
    else expect(await codeOfRejection(store.open(ref))).toBe("REFERENCE_NOT_AVAILABLE");
    expect(await collect(runs, ended)).toMatchObject({ references: 0, files: 0 });
  },
);

test("collectGarbage(): a file stays as long as a living reference names it", async () => {
  using folder = temporaryFolder();
  const runs = new RunsFolder(folder.path);
  await keep(runs);
  const living = await keep(runs, { store: { ttlMs: 2 * HOUR_MS } });
  runs.clock.advance(HOUR_MS);
  expect(await collect(runs)).toMatchObject({ references: 1, files: 0 });
  expect(await textOf(await runs.store().open(living))).toBe(BODY);
});

test("collectGarbage(): files that nothing names go; what a run may still be writing stays", async () => {
  using folder = temporaryFolder();
  const runs = new RunsFolder(folder.path);
  await keep(runs);
  const path = (name: string): string => `${runs.folder()}/${name}`;
  const [orphan, young, old] = ["a".repeat(64), `${"1".repeat(24)}.tmp`, `${"2".repeat(24)}.tmp`];
  for (const name of [orphan, young, old, "notes.txt"]) writeFileSync(path(name), "x");
  const now = runs.clock.now() / 1000;
  utimesSync(path(young), now, now - 3599);
  utimesSync(path(old), now, now - 3601);
  expect(await collect(runs)).toMatchObject({ references: 0, files: 2, bytes: 2 });
  const left = (await runs.bodies()).filter((name) => name.length !== 64);
  expect(left).toEqual([young, "notes.txt"]);
  expect(await collect(runs, ["r1"])).toMatchObject({ files: 1 });
});

test("a store that lives on goes on after its run was collected", async () => {
  using folder = temporaryFolder();
  const runs = new RunsFolder(folder.path);
  using store = runs.store();
  await store.keep(chunksOf(BODY), keepRequest());
  runs.clock.advance(HOUR_MS);
  expect(await collect(runs)).toMatchObject({ references: 1, files: 1 });
  const { ref } = referenceOf(await store.keep(chunksOf(BODY), keepRequest()));
  expect(ref).toEndWith("/2");
  expect(await textOf(await store.open(ref))).toBe(BODY);
  await store.endStep("fetch");
});

test("no folder of runs is nothing to collect", async () => {
  using folder = temporaryFolder();
  expect(await collect(new RunsFolder(folder.path))).toMatchObject({ references: 0, files: 0 });
});

test("a run whose results another process is changing is left alone and named", async () => {
  using folder = temporaryFolder();
  const runs = new RunsFolder(folder.path);
  await keep(runs);
  const lock = await openIndexLock(runs.files, runs.folder());
  expect(lock.tryAcquire()).toBe(true);
  const { clock } = runs;
  // Each pause of the collector moves the clock on, so that its patience ends at once.
  const impatient = {
    ...clock,
    after: (ms: number, task: () => void) => (
      clock.advance(ms * 1000),
      clock.after(0, task),
      clock.advance(0),
      () => undefined
    ),
  };
  const collected = await collectGarbage({
    files: runs.files,
    runsFolder: runs.runsFolder,
    clock: impatient,
    isEnded: () => true,
  });
  expect(collected.busyRuns).toEqual(["r1"]);
  lock.close();
});

describe("what an attacker writes into a folder of results", () => {
  test("an index that names paths outside makes no file outside go", async () => {
    using folder = temporaryFolder();
    const runs = new RunsFolder(folder.path);
    const ref = await keep(runs);
    const outside = `${folder.path}/outside`;
    writeFileSync(outside, "x");
    const path = `${runs.folder()}/index.jsonl`;
    const row = JSON.parse(readFileSync(path, "utf8"));
    for (const sha256 of ["../../../outside", outside, `${"a".repeat(64)}/../../../../outside`]) {
      const meta = { ...row.put.meta, sha256 };
      appendFileSync(
        path,
        `${JSON.stringify({ put: { ...row.put, ref: `${ref.slice(0, -1)}7`, meta } })}\n`,
      );
    }
    appendFileSync(path, '{"drop":"../../outside"}\n{"drop":["x"]}\nnull\n[]\n"x"\n{"put":null}\n');
    appendFileSync(
      path,
      `${JSON.stringify({ put: { ...row.put, ref: ref.replace("r1", "r2") } })}\n`,
    );
    runs.clock.advance(HOUR_MS);
    expect(await collect(runs, ["r1"])).toMatchObject({ references: 1, files: 1 });
    expect(existsSync(outside)).toBe(true);
    const named = runs.store().open(`${ref.slice(0, -1)}7`);
    expect(await codeOfRejection(named)).toBe("REFERENCE_NOT_AVAILABLE");
  });

  test("links to other folders are not followed", async () => {
    using folder = temporaryFolder();
    const runs = new RunsFolder(folder.path);
    const elsewhere = `${folder.path}/elsewhere`;
    mkdirSync(`${elsewhere}/results`, { recursive: true });
    const victim = `${elsewhere}/results/${"a".repeat(64)}`;
    writeFileSync(victim, "x");
    mkdirSync(`${runs.runsFolder}/r2`, { recursive: true });
    symlinkSync(elsewhere, `${runs.runsFolder}/r1`);
    symlinkSync(`${elsewhere}/results`, `${runs.runsFolder}/r2/results`);
    expect(await collect(runs, ["r1", "r2"])).toMatchObject({ references: 0, files: 0 });
    expect(existsSync(victim)).toBe(true);
  });

  test("links that lead round in a circle and folders named like bodies stop nothing", async () => {
    using folder = temporaryFolder();
    const runs = new RunsFolder(folder.path);
    await keep(runs, {}, BODY, "r9");
    const path = (name: string): string => `${runs.folder("r9")}/${name}`;
    symlinkSync("r1", `${runs.runsFolder}/r1`);
    symlinkSync("a".repeat(64), path("a".repeat(64)));
    mkdirSync(path("b".repeat(64)));
    writeFileSync(path("c".repeat(64)), "x");
    expect(await collect(runs)).toMatchObject({ files: 2, bytes: 1 });
    expect(existsSync(path("b".repeat(64)))).toBe(true);
  });

  test("a link in place of a body is removed, and not what it leads to", async () => {
    using folder = temporaryFolder();
    const runs = new RunsFolder(folder.path);
    await keep(runs);
    writeFileSync(`${folder.path}/victim`, "x");
    symlinkSync(`${folder.path}/victim`, `${runs.folder()}/${"b".repeat(64)}`);
    expect(await collect(runs)).toMatchObject({ files: 1 });
    expect(existsSync(`${folder.path}/victim`)).toBe(true);
  });
});
