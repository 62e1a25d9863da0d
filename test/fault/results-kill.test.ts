import { expect, test } from "bun:test";
import { systemClock } from "../../lib/base/clock.ts";
import { collectGarbage } from "../../lib/results/collect-garbage.ts";
import { openStored } from "../../lib/results/stored.ts";
import { chunksOf, keepRequest, referenceOf, RunsFolder, textOf } from "../support/results.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

// NO59 NO61. WEIR_KILLS=200 is the full series.
const KILLS = Number(process.env["WEIR_KILLS"] ?? 10);
const writer = new URL("./results-writer.ts", import.meta.url).pathname;

test(`kill -9 at ${KILLS} random moments, while garbage is collected: what was named can be read`, async () => {
  using folder = temporaryFolder();
  const runs = new RunsFolder(folder.path);
  const { files, runsFolder } = runs;
  const clock = systemClock;
  const acknowledged = new Map<string, string>();
  for (let turn = 0; turn < KILLS; turn += 1) {
    const child = Bun.spawn([process.execPath, writer, runs.folder(), `t${turn}`], {
      stdout: "pipe",
      stderr: "inherit",
    });
    const output = new Response(child.stdout).text();
    await Bun.sleep(120 + Math.random() * 150);
    // A body without a name yet is no garbage: its run is not over.
    await collectGarbage({ files, clock, runsFolder, isEnded: () => false });
    await Bun.sleep(Math.random() * 60);
    child.kill("SIGKILL");
    await child.exited;
    // A line without its end may be half a name.
    for (const line of (await output).split("\n").slice(0, -1)) {
      const [ref = "", sha256 = ""] = line.split(" ");
      expect(acknowledged.has(ref)).toBe(false);
      acknowledged.set(ref, sha256);
    }
  }
  expect(acknowledged.size).toBeGreaterThan(KILLS);
  for (const [ref, sha256] of acknowledged) {
    const { reference, chunks } = await openStored(runs, ref);
    expect(reference.meta.sha256).toBe(sha256);
    await textOf(chunks);
  }
  await collectGarbage({ files, clock, runsFolder, isEnded: () => true });
  expect((await runs.bodies()).filter((name) => !name.endsWith(".gz"))).toEqual([]);
  using store = runs.store();
  const { ref } = referenceOf(await store.keep(chunksOf("x".repeat(100)), keepRequest()));
  expect(acknowledged.has(ref)).toBe(false);
}, 120_000);
