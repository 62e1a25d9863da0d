import { z } from "zod";
import { WeirError } from "../../base/errors.ts";
import { pathIn } from "../files.ts";
import { ROW_FORMATS } from "../formats/index.ts";
import type { RowFormat } from "../formats/format.ts";
import { jsonl } from "../formats/jsonl.ts";
import type { Complaint } from "../source.ts";
import { compileValue } from "../values.ts";
import type { TaskKind } from "./kind.ts";
import { workOnce } from "./once.ts";

/** Writes rows to a file or to standard output. */
export const writeKind: TaskKind = {
  name: "write",
  summary: "Writes rows as JSON lines, JSON or CSV",
  keys: {
    to: z
      .string()
      .min(1)
      .describe('A file, from the folder of the pipeline; "-" is standard output'),
    format: z
      .enum(ROW_FORMATS.map(({ name }) => name))
      .optional()
      .describe("Default: by the ending of the file"),
    mode: z
      .enum(["overwrite", "append"])
      .optional()
      .describe("overwrite (default) empties the file once a run, append keeps what it holds"),
    rows: z.unknown().describe("A list of rows, or one row; with format json, the whole value"),
  },
  specKeys: {},
  specDefaults: {},
  compile({ fields, path, source }) {
    const { to: written, format: word, mode = "overwrite", rows } = fields;
    const to = compileValue(written, [...path, "to"], source);
    const named = ROW_FORMATS.find(({ name }) => name === word);
    const known = named ?? (to.isTemplated ? undefined : endingFormat(String(written)));
    if (known === undefined && !to.isTemplated) {
      const { message, hint } = noFormat(String(written));
      throw source.error([...path, "to"], { message, hint });
    }
    if (mode === "append" && known?.canGrow === false) {
      throw source.error([...path, "mode"], cannotGrow(known));
    }
    if (rows === undefined) {
      throw source.error(path, {
        message: "The task lacks the rows to write",
        hint: 'Add rows: "{{ LABEL.data }}"',
      });
    }
    const value = compileValue(rows, [...path, "rows"], source);
    return workOnce(
      async ({ ports, scope }) => {
        const target = targetText(to.evaluate(scope));
        const format = known ?? formatOf(target);
        if (mode === "append" && !format.canGrow) {
          const { message, hint } = cannotGrow(format);
          throw new WeirError("DATA_BAD_FILE", message, { hint, details: { path: target } });
        }
        const given = value.evaluate(scope);
        const list = format.canGrow && Array.isArray(given) ? given : [given];
        const file = target === "-" ? target : await pathIn(ports, target);
        await ports.outputs.write(
          { path: file, format, mode: mode === "append" ? "append" : "overwrite" },
          list,
        );
        return { data: null, fields: { path: file, rows: list.length } };
      },
      {
        plan: (scope) => [
          `write ${to.isTemplated ? String(written) : targetText(to.evaluate(scope))}`,
        ],
      },
    );
  },
};

function targetText(value: unknown): string {
  if (typeof value === "string" && value !== "" && !value.includes("\0")) return value;
  throw new WeirError("TEMPLATE_TYPE", "The key to of the task does not give the name of a file", {
    hint: 'Let it give a text such as out.csv, or "-"',
  });
}

/** @throws {WeirError} DATA_BAD_FILE */
function formatOf(path: string): RowFormat {
  const format = endingFormat(path);
  if (format !== undefined) return format;
  const { message, hint } = noFormat(path);
  throw new WeirError("DATA_BAD_FILE", message, { hint, details: { path } });
}

function endingFormat(path: string): RowFormat | undefined {
  if (path === "-") return jsonl;
  return ROW_FORMATS.find(({ endings }) => endings.some((one) => path.endsWith(one)));
}

function noFormat(path: string): Pick<Complaint, "message" | "hint"> {
  return {
    message: `The ending of ${path} names no format`,
    hint: `Add format: ${ROW_FORMATS.map(({ name }) => name).join(", ")}`,
  };
}

function cannotGrow({ name }: RowFormat): Pick<Complaint, "message" | "hint"> {
  return {
    message: `A file of format ${name} cannot be added to`,
    hint: "Use format jsonl, or mode overwrite",
  };
}
