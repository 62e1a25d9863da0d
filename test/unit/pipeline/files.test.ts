import { expect, test } from "bun:test";
import { pathIn } from "../../../lib/pipeline/files.ts";

test.each([
  { name: "starts a relative path from the folder", path: "rows.csv", want: "/data/rows.csv" },
  { name: "leaves an absolute path alone", path: "/tmp/rows.csv", want: "/tmp/rows.csv" },
  { name: "knows no drives where there are none", path: "C:/rows.csv", want: "/data/C:/rows.csv" },
])("pathIn() $name", ({ path, want }) => {
  expect(pathIn("/data", path)).toBe(want);
});
