import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Validator } from "@cfworker/json-schema";
import { readDocument } from "../../../lib/pipeline/document.ts";
import { loadPlaybook } from "../../../lib/pipeline/load.ts";
import { pipelineJsonSchema } from "../../../lib/pipeline/schema/json-schema.ts";
import { errorOf } from "../../support/errors.ts";

interface Row {
  readonly file: string;
  readonly code: string;
  readonly line: number;
  readonly column: number;
  /** A part of the message and of the hint. */
  readonly message: string;
  readonly hint: string;
  /** What the JSON Schema says of it; "unread": it is no YAML that weir takes. */
  readonly schema: "rejects" | "accepts" | "unread";
}

const FOLDER = join(import.meta.dir, "../../../fixtures/pipelines");
const read = (file: string): Uint8Array => readFileSync(join(FOLDER, "broken", file));
const ROWS: readonly Row[] = JSON.parse(readFileSync(join(FOLDER, "broken.json"), "utf8"));
const SCHEMA = new Validator(pipelineJsonSchema(), "2020-12", true);

/** The line a frame shows and the column its caret stands below, both as in the file. */
function caretOf(frame: string): number {
  const [, caret = ""] = frame.split("\n");
  return caret.indexOf("^") - caret.indexOf("|") - 1;
}

test("the table names every broken file, and there are at least 60", () => {
  const files = readdirSync(join(FOLDER, "broken")).toSorted();
  expect(ROWS.map(({ file }) => file).toSorted()).toEqual(files);
  expect(files.length).toBeGreaterThanOrEqual(60);
});

// NO4, NO13, NO49: what a load refuses, with file, line, column, the line itself and what to do.
test.each(ROWS.map((row) => [row.file, row] as const))("loadPlaybook() refuses %s", (_, row) => {
  const error = errorOf(() => loadPlaybook(read(row.file), { file: row.file }));
  expect(error.code).toBe(row.code as typeof error.code);
  expect(error.details).toMatchObject({ file: row.file, line: row.line, column: row.column });
  expect(error.message).toContain(row.message);
  expect(error.hint).toContain(row.hint);
  const frame = String(error.details["frame"]);
  expect(frame).toStartWith(`${row.line} | `);
  if (row.column <= 50) expect(caretOf(frame)).toBe(row.column);
});

test.each(ROWS.map((row) => [row.schema, row.file, row] as const))(
  "the JSON Schema %s %s",
  (_, file, row) => {
    if (row.schema === "unread") {
      expect(errorOf(() => readDocument(read(file), file)).code).toBe("PIPELINE_INVALID");
      return;
    }
    const { data } = readDocument(read(file), file);
    expect(SCHEMA.validate(data).valid).toBe(row.schema === "accepts");
  },
);

test.each(readdirSync(join(FOLDER, "valid")))("%s loads and fits the JSON Schema", (file) => {
  const text = readFileSync(join(FOLDER, "valid", file));
  expect(loadPlaybook(text, { file }).steps.length).toBeGreaterThan(0);
  expect(SCHEMA.validate(readDocument(text, file).data).errors).toEqual([]);
});

test("an error lists the other problems of the file in their order", () => {
  const text =
    "- step: a\n  tool:\n    - x: { kind: noop, a: 1 }\n    - y: { kind: nope }\n- step: a\n";
  const { details } = errorOf(() => loadPlaybook(text, { file: "f.yaml" }));
  expect(details["line"]).toBe(3);
  const lines = (details["problems"] as readonly { line: number }[]).map(({ line }) => line);
  expect(lines).toEqual([3, 4, 5, 5]);
});
