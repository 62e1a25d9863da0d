import { WeirError } from "../../base/errors.ts";
import type { RowFormat, RowWriter } from "./format.ts";

/** What must be quoted, RFC 4180 section 2. */
const SPECIAL = /[",\r\n]|^\s|\s$/;

/** Comma-separated values with a header line, RFC 4180; lines end in a line feed. */
export const csv: RowFormat = {
  name: "csv",
  endings: [".csv"],
  canGrow: true,
  open: (head) => new CsvWriter(head === undefined ? undefined : headColumns(head)),
};

/** Keeps to the columns of the first row: a table has the same ones from top to bottom. */
class CsvWriter implements RowWriter {
  #columns: readonly string[] | undefined;

  constructor(columns: readonly string[] | undefined) {
    this.#columns = columns;
  }

  rows(rows: readonly unknown[]): string {
    return rows.map((row) => this.#row(row)).join("");
  }

  #row(row: unknown): string {
    if (typeof row !== "object" || row === null || Array.isArray(row)) {
      throw badRow("A row of a CSV file is a map", "Give maps whose keys are the columns");
    }
    // Keys of plain data are texts, values anything of JSON.
    const cells = row as Readonly<Record<string, unknown>>;
    const isFirst = this.#columns === undefined;
    const columns = (this.#columns ??= Object.keys(cells));
    const extra = Object.keys(cells).find((name) => !columns.includes(name));
    if (extra !== undefined) {
      throw badRow(
        `The row has ${JSON.stringify(extra.slice(0, 100))}, which is no column of the file`,
        "Give every row the same keys, for example with a transform task",
      );
    }
    const line = columns.map((name) => cell(Object.hasOwn(cells, name) ? cells[name] : null));
    return `${isFirst ? `${columns.map(cell).join(",")}\n` : ""}${line.join(",")}\n`;
  }
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return "";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return SPECIAL.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function badRow(message: string, hint: string): WeirError {
  return new WeirError("DATA_BAD_ROW", message, { hint });
}

/** Reads the names of a header line; a column with a line break in its name is not looked for. */
function headColumns(line: string): readonly string[] {
  const names: string[] = [];
  for (const [, quoted, plain = ""] of line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)) {
    names.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
  }
  return names;
}
