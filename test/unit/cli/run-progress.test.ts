import { expect, test } from "bun:test";
import {
  detailLine,
  doneLine,
  eventLine,
  spanText,
  stoppedLine,
} from "../../../cli/commands/run/lines.ts";
import { LiveLine } from "../../../cli/commands/run/live-line.ts";
import { openProgress } from "../../../cli/commands/run/progress.ts";
import { RunTally } from "../../../cli/commands/run/tally.ts";
import type { RunEvent, StampedEvent } from "../../../lib/pipeline/events.ts";
import { fakeClock } from "../../support/fake-clock.ts";
import { fakeIo } from "../../support/fake-io.ts";

const START: RunEvent = { event: "step_start", step: "fetch", items: 10_000 };
const ATTEMPT: RunEvent = {
  event: "attempt",
  step: "fetch",
  task: "call",
  method: "GET",
  url: "https://h.test/a",
  status: 200,
  duration_ms: 12,
  bytes: 1500,
};
const RETRY: RunEvent = {
  event: "retry",
  step: "fetch",
  task: "call",
  iteration: 3,
  wait_ms: 12_000,
  reason: "HTTP 429",
};
const TASK: RunEvent = {
  event: "task_done",
  step: "fetch",
  task: "call",
  iteration: 3,
  kind: "http",
  status: "error",
  action: "fail",
  rule: 2,
  error: { kind: "server_error", code: "HTTP_500", message: "HTTP 500\u001b[2J" },
  duration_ms: 40,
};
const END: RunEvent = {
  event: "step_end",
  step: "fetch",
  status: "ok",
  duration_ms: 3200,
  items: 10_000,
  failed: 2,
};
const WARNING: RunEvent = { event: "warning", step: "fetch", task: "call", message: "odd" };

function stamped(event: RunEvent): StampedEvent {
  return { run_id: "R", time: "2026-11-28T00:00:00.000Z", ...event };
}

function itemDone(done: number, failed = 0): RunEvent {
  return { event: "item_done", step: "fetch", iteration: done - 1, status: "ok", done, failed };
}

test.each([
  { event: START, detail: 0, line: undefined },
  { event: END, detail: 0, line: "fetch: done, 10,000 items, 2 failed, 3.2 s" },
  { event: RETRY, detail: 0, line: "fetch[3]/call: waiting 12 s: HTTP 429" },
  { event: { ...RETRY, wait_ms: 200 }, detail: 0, line: undefined },
  { event: { ...RETRY, wait_ms: 200 }, detail: 1, line: "fetch[3]/call: waiting 200 ms: HTTP 429" },
  { event: TASK, detail: 0, line: undefined },
  {
    event: TASK,
    detail: 1,
    line: String.raw`fetch[3]/call: error, rule 2 fail, 40 ms: HTTP 500\x1b[2J`,
  },
  { event: ATTEMPT, detail: 1, line: undefined },
  {
    event: ATTEMPT,
    detail: 2,
    line: "fetch/call: GET https://h.test/a 200, 12 ms, 1.5 kB",
  },
  { event: WARNING, detail: 0, line: "weir: warning: fetch/call: odd" },
] as const)("eventLine() tells of $event.event at detail $detail", ({ event, detail, line }) => {
  expect(eventLine(event, detail)).toBe(line);
});

test("detailLine() leaves out what the live line shows", () => {
  expect([detailLine(END, 0), detailLine(RETRY, 0)]).toEqual([undefined, undefined]);
  expect(detailLine(WARNING, 0)).toBe("weir: warning: fetch/call: odd");
});

test.each([
  [4, "4 ms"],
  [1234, "1.2 s"],
  [59_990, "0:01:00"],
  [3_723_000, "1:02:03"],
])("spanText() writes %d ms as %s", (ms, text) => {
  expect(spanText(ms)).toBe(text);
});

test("RunTally counts what doneLine() and stoppedLine() say", () => {
  const tally = new RunTally();
  for (const event of [START, ATTEMPT, RETRY, ATTEMPT, itemDone(1)]) tally.take(event);
  expect(stoppedLine(tally, 3200)).toBe(
    "stopped after 3.2 s: 0 steps done, fetch under way, 2 requests, 1 item",
  );
  tally.take({ ...TASK, status: "ok", is_flaky: true });
  tally.take(WARNING);
  tally.take(END);
  expect(doneLine(tally, 12_300)).toBe(
    "done in 12.3 s: 1 step, 2 requests, 1 retry, 1 flaky, 1 warning",
  );
  expect(tally.flaky).toEqual([{ step: "fetch", task: "call", iteration: 3, page: undefined }]);
});

test("LiveLine shows step, items, failures, waits and rate, the important first", () => {
  const clock = fakeClock();
  const line = new LiveLine(clock);
  for (const event of [START, ATTEMPT, itemDone(1204, 3), RETRY, RETRY]) line.take(event);
  clock.advance(1000);
  expect(line.draw(120, false)).toBe(
    "fetch  1,204/10,000  3 failed  retry in 11 s: HTTP 429 (2 waiting)  1.0 requests/s",
  );
  expect(line.draw(30, false)).toBe("fetch  1,204/10,000  3 failed");
  expect(line.draw(4, false)).toBe("fet…");
  expect(line.draw(120, true)).toContain("\u001b[31m3 failed\u001b[0m");
  clock.advance(20_000);
  expect(line.draw(120, false)).toBe("fetch  1,204/10,000  3 failed");
});

test("LiveLine shows the page of a step without items, made safe", () => {
  const line = new LiveLine(fakeClock());
  line.take({ event: "step_start", step: "a\u001b[2Jb" });
  line.take({ event: "page_done", step: "a", page: 4 });
  expect(line.draw(80, false)).toBe(String.raw`a\x1b[2Jb  page 4`);
});

test("a live line is painted at most ten times a second and taken away at the end", async () => {
  const clock = fakeClock();
  const { io, stderr } = fakeIo({ isStderrTerminal: true, clock, env: { NO_COLOR: "1" } });
  const progress = openProgress(io, { isQuiet: false, detail: 0, isNdjson: false });
  progress.take(stamped(START));
  for (let done = 1; done <= 500; done++) progress.take(stamped(itemDone(done)));
  expect(stderr()).toBe("");
  clock.advance(100);
  await Promise.resolve();
  progress.take(stamped(WARNING));
  clock.advance(100);
  await progress.end();
  expect(stderr().split("\r\u001b[2K")).toEqual([
    "fetch  500/10,000",
    "weir: warning: fetch/call: odd\nfetch  500/10,000",
    "",
  ]);
  expect(stderr()).not.toContain("\u001b[1m");
});

test("what goes to standard output finds no live line in its way", async () => {
  const clock = fakeClock();
  const { io, stderr } = fakeIo({ isStderrTerminal: true, clock });
  const progress = openProgress(io, { isQuiet: false, detail: 0, isNdjson: false });
  progress.take(stamped(START));
  clock.advance(100);
  const before = await progress.around(() => Promise.resolve(stderr()));
  expect(before).toEndWith("\r\u001b[2K");
  await progress.end();
});

test("without a terminal there are lines, and one a second at most for waits", async () => {
  const clock = fakeClock();
  const { io, stderr } = fakeIo({ clock });
  const progress = openProgress(io, { isQuiet: false, detail: 0, isNdjson: false });
  for (let at = 0; at < 64; at++) progress.take(stamped({ ...RETRY, iteration: at }));
  clock.advance(1500);
  progress.take(stamped({ ...RETRY, iteration: 64 }));
  progress.take(stamped(END));
  await progress.end();
  expect(stderr()).toBe(
    [
      "fetch[0]/call: waiting 12 s: HTTP 429",
      "fetch[64]/call: waiting 12 s: HTTP 429",
      "fetch: done, 10,000 items, 2 failed, 3.2 s",
      "",
    ].join("\n"),
  );
});

test("quiet progress says nothing; ndjson says everything, one object a line", async () => {
  const { io, stderr } = fakeIo();
  const quiet = openProgress(io, { isQuiet: true, detail: 0, isNdjson: false });
  for (const event of [START, RETRY, WARNING, END]) quiet.take(stamped(event));
  await quiet.end();
  expect(stderr()).toBe("");
  const lines = openProgress(io, { isQuiet: false, detail: 0, isNdjson: true });
  for (const event of [START, RETRY]) lines.take(stamped(event));
  await lines.end();
  expect(
    stderr()
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual([stamped(START), stamped(RETRY)]);
});
