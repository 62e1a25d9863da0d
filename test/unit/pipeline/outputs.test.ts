import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import { csv } from "../../../lib/pipeline/formats/csv.ts";
import type { RowFormat } from "../../../lib/pipeline/formats/format.ts";
import { json } from "../../../lib/pipeline/formats/json.ts";
import { jsonl } from "../../../lib/pipeline/formats/jsonl.ts";
import { Outputs, type WriteMode } from "../../../lib/pipeline/outputs.ts";
import { bunRuntime } from "../../../lib/runtime/bun.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

/** Writes calls of rows to one file that held `before`, and returns what it holds then. */
async function written(
  calls: readonly (readonly unknown[])[],
  options: { format: RowFormat; mode?: WriteMode; before?: string },
): Promise<string> {
  using folder = temporaryFolder();
  const path = join(folder.path, "out");
  if (options.before !== undefined) writeFileSync(path, options.before);
  const outputs = new Outputs({ files: bunRuntime.files, print: () => Promise.resolve() });
  const target = { path, format: options.format, mode: options.mode ?? "overwrite" };
  try {
    for (const rows of calls) await outputs.write(target, rows);
  } finally {
    await outputs.close();
  }
  return readFileSync(path, "utf8");
}

describe("csv", () => {
  test.each([
    {
      name: "has a header of the first row's keys",
      calls: [[{ b: 1, a: "x" }]],
      want: "b,a\n1,x\n",
    },
    {
      name: "keeps its columns from call to call",
      calls: [[{ a: 1, b: 2 }], [{ b: 3, a: 4 }, { a: 5 }]],
      want: "a,b\n1,2\n4,3\n5,\n",
    },
    {
      name: "quotes commas, quotes, line breaks and outer spaces",
      calls: [[{ a: 'x,"y"\nz', b: " s" }]],
      want: 'a,b\n"x,""y""\nz"," s"\n',
    },
    {
      name: "writes null as nothing and the rest as JSON has it",
      calls: [[{ a: null, b: true, c: 1.5, d: [1, { e: "f" }] }]],
      want: 'a,b,c,d\n,true,1.5,"[1,{""e"":""f""}]"\n',
    },
    { name: "quotes names of columns too", calls: [[{ "a,b": 1 }]], want: '"a,b"\n1\n' },
  ])("$name", async ({ calls, want }) => {
    expect(await written(calls, { format: csv })).toBe(want);
  });

  test("adds to a file under its own header", async () => {
    const options = { format: csv, mode: "append", before: 'a,"b c"\n1,2\n' } as const;
    expect(await written([[{ "b c": 4, a: 3 }]], options)).toBe('a,"b c"\n1,2\n3,4\n');
  });

  test("begins an empty file that it adds to with a header", async () => {
    expect(await written([[{ a: 3 }]], { format: csv, mode: "append", before: "" })).toBe("a\n3\n");
  });

  test.each([
    { name: "a column that is not there", rows: [{ a: 1 }, { a: 1, b: 2 }], words: '"b"' },
    { name: "a row that is no map", rows: [[1, 2]], words: "is a map" },
  ])("refuses $name", async ({ rows, words }) => {
    const refused = written([rows], { format: csv });
    expect(refused).rejects.toMatchObject({ code: "DATA_BAD_ROW" });
    expect(refused).rejects.toThrow(words);
  });
});

test("jsonl has a row a line, whatever it is", async () => {
  const rows = [{ a: "x\ny" }, [1], "t", null];
  expect(await written([rows], { format: jsonl })).toBe('{"a":"x\\ny"}\n[1]\n"t"\nnull\n');
});

test("json is the value itself, and the last one stays", async () => {
  expect(await written([[{ a: 1 }], [[1, 2]]], { format: json })).toBe("[\n  1,\n  2\n]\n");
});

test.each([
  { mode: "overwrite", want: "1\n2\n" },
  { mode: "append", want: "old\n1\n2\n" },
] as const)("Outputs $mode: what a file held before the run", async ({ mode, want }) => {
  expect(await written([[1], [2]], { format: jsonl, mode, before: "old\n" })).toBe(want);
});

test("Outputs: rows of tasks that run beside each other stay together", async () => {
  using folder = temporaryFolder();
  const outputs = new Outputs({ files: bunRuntime.files, print: () => Promise.resolve() });
  const target = { path: join(folder.path, "out"), format: jsonl, mode: "overwrite" } as const;
  const calls = Array.from({ length: 200 }, (_, at) =>
    outputs.write(target, [
      [at, 0],
      [at, 1],
    ]),
  );
  await Promise.all(calls);
  await outputs.close();
  const lines = readFileSync(target.path, "utf8").trimEnd().split("\n");
  expect(lines).toHaveLength(400);
  const torn = lines.filter(
    (line, at) => at % 2 === 1 && line !== lines[at - 1]?.replace("0]", "1]"),
  );
  expect(torn).toEqual([]);
});

test.each([
  { name: "a folder that is not there", path: "no/out.jsonl", format: jsonl },
  { name: "a folder that is not there, written whole", path: "no/out.json", format: json },
  { name: "a folder in its place", path: ".", format: jsonl },
])("Outputs: $name is IO_WRITE with a hint", async ({ path, format }) => {
  using folder = temporaryFolder();
  const outputs = new Outputs({ files: bunRuntime.files, print: () => Promise.resolve() });
  const target = { path: `${folder.path}/${path}`, format, mode: "overwrite" } as const;
  expect(outputs.write(target, [1])).rejects.toMatchObject({ code: "IO_WRITE" });
});

test("Outputs: a file written in two ways is refused", async () => {
  using folder = temporaryFolder();
  const outputs = new Outputs({ files: bunRuntime.files, print: () => Promise.resolve() });
  const path = join(folder.path, "out");
  await outputs.write({ path, format: jsonl, mode: "overwrite" }, [1]);
  const second = outputs.write({ path, format: csv, mode: "overwrite" }, [{ a: 1 }]);
  expect(second).rejects.toMatchObject({ code: "DATA_BAD_FILE" });
  await outputs.close();
});

test("Outputs: - is standard output", async () => {
  let shown = "";
  const print = (text: string): Promise<void> => Promise.resolve(void (shown += text));
  const outputs = new Outputs({ files: bunRuntime.files, print });
  expect(outputs.hasPrinted).toBe(false);
  await outputs.write({ path: "-", format: csv, mode: "overwrite" }, [{ a: 1 }]);
  await outputs.write({ path: "-", format: csv, mode: "overwrite" }, [{ a: 2 }]);
  expect([shown, outputs.hasPrinted]).toEqual(["a\n1\n2\n", true]);
});
