import { expect, test } from "bun:test";
import { failure } from "../../support/wire.ts";
import { failureOf, openBench } from "./support.ts";

/** Logs each event without its id. */
const RECORDER = `
  export const plugin = { name: "recorder" };
  for (const name of ["run_start", "step_start", "step_end", "run_end", "page"]) {
    weir.on(name, ({ id, ...event }, ctx) => {
      log.info(oq.json(event), ctx.mode, ctx.run_id);
    });
  }`;

const PAGE = {
  step: "fetch",
  task: "list",
  page: 2,
  url: "https://api.test/items?page=2",
  status: 200,
};

test("CR29 run and step events say what happened, in pipeline mode and under its run id", async () => {
  await using bench = await openBench([RECORDER], { mode: "pipeline", runId: "R1" });
  const { run } = bench.hooks;
  await run.announce("run_start", { name: "sync" });
  await run.announce("step_start", { step: "fetch" });
  await run.page({ ...PAGE, counts: { items: 100 } });
  await run.announce("step_end", {
    step: "fetch",
    status: "ok",
    counts: { requests: 3 },
    elapsedMs: 12,
  });
  const error = { message: "It broke", code: "NET_REFUSED" };
  await run.announce("run_end", { status: "failed", error });
  const want = [
    { type: "run_start", run_id: "R1", name: "sync" },
    { type: "step_start", run_id: "R1", step: "fetch" },
    { type: "page", run_id: "R1", ...PAGE, counts: { items: 100 } },
    {
      type: "step_end",
      run_id: "R1",
      step: "fetch",
      status: "ok",
      counts: { requests: 3 },
      elapsed_ms: 12,
    },
    {
      type: "run_end",
      run_id: "R1",
      status: "failed",
      error: "It broke",
      error_code: "NET_REFUSED",
    },
  ];
  const lines = bench.logs.map(
    (line) => /^recorder info (\{.*\}) pipeline R1$/.exec(line)?.[1] ?? line,
  );
  expect(lines.map((line) => JSON.parse(line))).toEqual(want);
});

test("a pattern of a step event is held against the step, one of page against the URL", async () => {
  await using bench = await openBench([
    `weir.on("step_start", { pattern: "fetch*" }, (event) => { log.info(event.step); });
     weir.on("page", { pattern: "https://other.test/**" }, () => ({ stop: true }));`,
  ]);
  const { run } = bench.hooks;
  for (const step of ["start", "fetch_all", "fetch/two"])
    await run.announce("step_start", { step });
  expect(bench.logs).toEqual(["p0 info fetch_all"]);
  expect(await run.page(PAGE)).toEqual({ isStopped: false });
});

test("page stops by its first handler that says so, without a capability", async () => {
  await using bench = await openBench([
    `export const plugin = { name: "late" };
     weir.on("page", { priority: 2 }, () => { log.info("asked"); });`,
    `export const plugin = { name: "enough" };
     weir.on("page", { priority: 1 }, ({ page }) => page < 2 ? undefined : { stop: true, reason: "two will do" });`,
  ]);
  const { run } = bench.hooks;
  expect(await run.page({ ...PAGE, page: 1 })).toEqual({ isStopped: false });
  expect(await run.page(PAGE)).toEqual({ isStopped: true, by: "enough", reason: "two will do" });
  expect(bench.logs).toEqual(["late info asked"]);
  expect(bench.warnings).toEqual([]);
});

test.each([
  { name: "an error", event: "step_start", code: `() => { throw new Error("no"); }` },
  { name: "cancel", event: "run_start", code: `() => ({ cancel: true })` },
  { name: "stop", event: "step_end", code: `() => ({ stop: true })` },
  { name: "a replacement", event: "run_end", code: `(event) => event` },
] as const)("run events only observe: $name in $event is a warning", async ({ event, code }) => {
  await using bench = await openBench([`weir.on("${event}", ${code});`]);
  await bench.hooks.run.announce(event, { step: "one" });
  expect(bench.warnings).toHaveLength(1);
  expect(bench.warnings[0]).toStartWith(`Plugin p0 failed in ${event}`);
});

test("page fails open, unless the manifest says otherwise", async () => {
  const broken = `weir.on("page", () => { throw new Error("no"); });`;
  await using open = await openBench([broken]);
  expect(await open.hooks.run.page(PAGE)).toEqual({ isStopped: false });
  expect(open.warnings).toHaveLength(1);
  await using closed = await openBench([
    `export const plugin = { name: "strict", fail: { page: "closed" } }; ${broken}`,
  ]);
  expect((await failureOf(closed.hooks.run.page(PAGE))).code).toBe("HOOK_FAILED");
});

test("stop means nothing to a request, and does not let it go", async () => {
  await using bench = await openBench([`weir.on("pre_request", () => ({ stop: true }));`]);
  const error = await failure(bench.send("http://127.0.0.1:1/"));
  expect(error).toMatchObject({
    code: "HOOK_FAILED",
    hint: expect.stringContaining("cancel: true"),
  });
});
