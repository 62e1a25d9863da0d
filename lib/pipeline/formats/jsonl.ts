import type { RowFormat } from "./format.ts";

/** One JSON text a line. */
export const jsonl: RowFormat = {
  name: "jsonl",
  endings: [".jsonl", ".ndjson"],
  canGrow: true,
  open: () => ({
    rows: (rows) => rows.map((row) => `${JSON.stringify(row ?? null)}\n`).join(""),
  }),
};
