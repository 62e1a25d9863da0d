import { expect, test } from "bun:test";
import fc from "fast-check";
import { progressLine, summaryLine } from "../../../lib/render/progress.ts";
import { clipToWidth, displayWidth, formatSpan } from "../../../lib/render/size.ts";

const HALF = { doneBytes: 50, totalBytes: 100, rateBytesPerSecond: 10, columns: 80 };

test.each([
  {
    name: "bar, percent, rate, time left and name",
    given: { ...HALF, name: "file.bin" },
    want: "[###############               ]  50% 10 B/s ETA 0:00:05 file.bin",
  },
  {
    name: "a bar that is full",
    given: { ...HALF, doneBytes: 100 },
    want: "[##############################] 100% 10 B/s ETA 0:00:00",
  },
  {
    name: "no more than 100 percent when more comes than was said",
    given: { ...HALF, doneBytes: 1000 },
    want: "[##############################] 100% 10 B/s ETA 0:00:00",
  },
  {
    name: "99 percent before the end, never rounded up",
    given: { ...HALF, doneBytes: 9999, totalBytes: 10_000, columns: 30 },
    want: " 99% 10 B/s ETA 0:00:00",
  },
  {
    name: "an unknown time while nothing moves",
    given: { ...HALF, rateBytesPerSecond: 0, columns: 30 },
    want: " 50% 0 B/s ETA -:--:--",
  },
  {
    name: "size and rate when the total is not known",
    given: { doneBytes: 12_345_678, rateBytesPerSecond: 1_234_567, columns: 80, name: "a" },
    want: "12.3 MB 1.2 MB/s a",
  },
  {
    name: "a total of nothing as done",
    given: { ...HALF, totalBytes: 0, columns: 15 },
    want: "100% 10 B/s",
  },
  {
    name: "a name from a server made safe",
    given: { ...HALF, columns: 65, name: "\u001b[2Ja\nb\u202e" },
    want: String.raw`[#######        ]  50% 10 B/s ETA 0:00:05 \x1b[2Ja\x0ab\u202e`,
  },
])("progressLine() shows $name", ({ given, want }) => {
  expect(progressLine(given)).toBe(want);
});

test("progressLine() is never wider than the terminal", () => {
  const bytes = fc.nat({ max: Number.MAX_SAFE_INTEGER });
  fc.assert(
    fc.property(
      fc.record({
        doneBytes: bytes,
        totalBytes: fc.option(bytes, { nil: undefined }),
        rateBytesPerSecond: bytes,
        columns: fc.nat({ max: 200 }),
        name: fc.option(fc.string({ unit: "binary" }), { nil: undefined }),
      }),
      (progress) => {
        const line = progressLine(progress);
        expect(displayWidth(line)).toBeLessThanOrEqual(progress.columns);
        expect(line).not.toContain("\n");
      },
    ),
  );
});

test.each([
  {
    name: "what was moved, how long and how fast",
    given: { doneBytes: 12_300_000, elapsedMs: 7100, isComplete: true },
    want: "Done. 12.3 MB in 7.10 s (1.7 MB/s)",
  },
  {
    name: "what was there before",
    given: { doneBytes: 3000, resumedBytes: 1000, elapsedMs: 100_000, isComplete: true },
    want: "Done. 2 kB in 0:01:40 (20 B/s), 1 kB were there already",
  },
  {
    name: "an interruption",
    given: { doneBytes: 0, elapsedMs: 0, isComplete: false },
    want: "Interrupted. 0 B in 0.00 s",
  },
])("summaryLine() tells $name", ({ given, want }) => {
  expect(summaryLine(given)).toBe(want);
});

test("formatSpan() has hours, minutes and seconds", () => {
  expect([0, 59.4, 3600, 360_000].map(formatSpan)).toEqual([
    "0:00:00",
    "0:00:59",
    "1:00:00",
    "100:00:00",
  ]);
});

test("clipToWidth() counts columns, not characters", () => {
  expect(displayWidth("漢字e\u0301😀")).toBe(7);
  expect(clipToWidth("漢字漢字", 5)).toBe("漢字…");
  expect(clipToWidth("漢字", 4)).toBe("漢字");
});
