import { expect, test } from "bun:test";
import { fillText, twoColumns } from "../../../cli/layout.ts";

test("fillText() fills paragraphs to the width and keeps indented ones", () => {
  const text = `${"word ".repeat(30).trim()}\n\n    kept   as it\n    is\n\nend`;
  const lines = fillText(text, 6).split("\n");
  expect(lines.every((line) => line.length <= 80)).toBe(true);
  expect(lines[0]).toBe(`      ${"word ".repeat(15).trim()}`.slice(0, 80));
  expect(lines).toContain("          kept   as it");
  expect(lines.at(-1)).toBe("      end");
});

test("fillText() gives a word that is too long a line of its own", () => {
  expect(fillText(`a ${"x".repeat(90)} b`, 2).split("\n")).toEqual([
    "  a",
    `  ${"x".repeat(90)}`,
    "  b",
  ]);
});

test("twoColumns() aligns", () => {
  expect(
    twoColumns(
      [
        ["a", "x"],
        ["bbb", "y"],
      ],
      3,
    ),
  ).toBe("  a    x\n  bbb  y");
});
