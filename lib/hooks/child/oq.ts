import { query as queryJson } from "json-p3";
import { parse as parseTomlText, stringify as printToml, TomlError } from "smol-toml";
import { parseDocument, stringify as printYaml } from "yaml";
import { parseJson } from "../../base/json-tree.ts";
import { messageOf } from "../../base/errors.ts";
import type { DataFormats } from "./formats.ts";

/** Formats by name. TOON of the upstream tool is not among them. */
const FORMATS = ["json", "toml", "yaml"] as const;
type Format = (typeof FORMATS)[number];

/** Characters of a text that is parsed or written. */
const TEXT_CAP = 4 * 1024 * 1024;

/** Nodes that aliases of a YAML text may unfold to for each alias. */
const ALIAS_LIMIT = 100;

function formatOf(name: unknown): Format {
  const found = FORMATS.find((format) => format === name);
  if (found !== undefined) return found;
  throw new Error(`There is no format ${JSON.stringify(name)}; there are ${FORMATS.join(", ")}`);
}

function checkedText(value: unknown): string {
  if (typeof value !== "string") throw new Error("Give oq the text to read");
  if (value.length > TEXT_CAP) throw new Error("oq reads at most 4 Mi characters");
  if (value.trim() === "") throw new Error("There is nothing to parse: the text is empty");
  return value;
}

function parseYaml(text: string): unknown {
  const document = parseDocument(text, { uniqueKeys: true, prettyErrors: true });
  const [problem] = document.errors;
  if (problem !== undefined) {
    const [at] = problem.linePos ?? [];
    const where = at === undefined ? "" : ` at line ${at.line}, column ${at.col}`;
    throw new Error(`Not valid YAML${where}: ${problem.message.split("\n")[0]}`);
  }
  return document.toJS({ maxAliasCount: ALIAS_LIMIT });
}

function parseToml(text: string): unknown {
  try {
    return parseTomlText(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const what = error.message.split("\n")[0] ?? "";
    throw new Error(`Not valid TOML at line ${error.line}, column ${error.column}: ${what}`, {
      cause: error,
    });
  }
}

const PARSERS: Readonly<Record<Format, (text: string) => unknown>> = {
  json: (text) => {
    // For its errors, which name line and column on every engine.
    parseJson(text);
    const value: unknown = JSON.parse(text);
    return value;
  },
  toml: parseToml,
  yaml: parseYaml,
};

/** A value and the format it was found in, or the format whose complaint fits the text best. */
type Detection =
  | { readonly format: Format; readonly value: unknown }
  | { readonly problem: unknown };

function detect(text: string): Detection {
  const problems = new Map<Format, unknown>();
  for (const format of FORMATS) {
    try {
      const value = PARSERS[format](text);
      const isLone = typeof value !== "object" || value === null;
      if (format === "yaml" && isLone) throw new Error("A lone value is no document; use JSON");
      return { format, value };
    } catch (problem) {
      problems.set(format, problem);
    }
  }
  const likely = /^\s*[[{"]/.test(text)
    ? "json"
    : /^\s*(?:\[|[\w."-]+\s*=)/m.test(text)
      ? "toml"
      : "yaml";
  return { problem: problems.get(likely) };
}

function parse(text: string): Extract<Detection, { readonly value: unknown }> {
  const found = detect(text);
  if ("value" in found) return found;
  throw new Error(messageOf(found.problem), { cause: found.problem });
}

function write(value: unknown, format: Format): string {
  if (format === "json") return JSON.stringify(value);
  if (format === "yaml") return printYaml(value);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Error("TOML holds a table; wrap the value in an object");
  }
  return printToml(value);
}

function select(value: unknown, path: string): unknown {
  // json-p3 types its argument as JSON, which is what came through JSON.parse.
  const nodes = queryJson(path, value as Parameters<typeof queryJson>[1]).values();
  return nodes.length === 1 ? nodes[0] : nodes;
}

const ACTIONS: Readonly<Record<string, (args: readonly unknown[]) => unknown>> = {
  parse: ([text]) => parse(checkedText(text)).value,
  parse_as: ([text, format]) => PARSERS[formatOf(format)](checkedText(text)),
  detect: ([text]) => parse(checkedText(text)).format,
  write: ([value, format]) => write(value, formatOf(format)),
  convert: ([text, format]) => write(parse(checkedText(text)).value, formatOf(format)),
  query: ([value, path]) => select(value, String(path)),
};

/** The parsers themselves; slow to load, and so only for plugins that name oq. */
export const formats: DataFormats = {
  run(json) {
    const [action, ...args]: readonly unknown[] = JSON.parse(json);
    const task = ACTIONS[String(action)];
    return JSON.stringify(task?.(args) ?? null, (_key, value: unknown) =>
      typeof value === "bigint" ? Number(value) : value,
    );
  },
};
