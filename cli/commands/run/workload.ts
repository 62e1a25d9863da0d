import { messageOf, WeirError } from "../../../lib/base/errors.ts";
import { whyNotRead } from "../../../lib/base/file-reasons.ts";
import { collectBytes } from "../../../lib/base/bytes.ts";
import { jsonProblem } from "../../../lib/base/json-tree.ts";
import type { Flags } from "../../flags.ts";
import type { Io } from "../../io.ts";

/** Values by name, as JSON has them. */
export type JsonMap = Readonly<Record<string, unknown>>;

/**
 * Returns what the command line gives a run: `--input`, over it `--payload`, over it each `--set`.
 *
 * @param merge lays one map over another
 * @throws {WeirError} IO_READ, DATA_BAD_JSON, DATA_NOT_UTF8, USAGE_BAD_VALUE
 */
export async function readWorkload(
  flags: Flags,
  io: Io,
  merge: (below: JsonMap, above: JsonMap) => JsonMap,
): Promise<JsonMap> {
  const file = flags.text("input");
  const input = file === undefined ? {} : await readMapFile(file, "--input", io);
  const payload = flags.text("payload") ?? flags.text("workload");
  const given = payload === undefined ? {} : parseMap(payload, "--payload");
  return flags.list("set").map(readSetting).reduce(merge, merge(input, given));
}

/**
 * Returns the text of a file, or of standard input when it is called `-`.
 *
 * @throws {WeirError} IO_READ, DATA_NOT_UTF8
 */
export async function readText(path: string, purpose: string, io: Io): Promise<string> {
  const bytes = await readBytes(path, purpose, io);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new WeirError("DATA_NOT_UTF8", `${shownName(path)} is not UTF-8`, {
      hint: "Save the file as UTF-8",
      details: { path },
      cause,
    });
  }
}

function shownName(path: string): string {
  return path === "-" ? "Standard input" : path;
}

/**
 * Returns the map that a JSON or YAML file holds.
 *
 * @throws {WeirError} IO_READ, DATA_NOT_UTF8, DATA_BAD_JSON
 */
export async function readMapFile(path: string, flag: string, io: Io): Promise<JsonMap> {
  const text = await readText(path, ` for ${flag}`, io);
  if (!/\.ya?ml$/i.test(path)) return parseMap(text, flag);
  const { parse } = await import("yaml");
  try {
    const value: unknown = parse(text);
    return mapOf(value, flag);
  } catch (error) {
    if (error instanceof WeirError) throw error;
    const reason = messageOf(error).split("\n")[0]?.replace(/:$/, "") ?? "";
    throw new WeirError("DATA_BAD_JSON", `The YAML of ${flag} is not valid: ${reason}`, {
      hint: "Correct the file, or give JSON",
      details: { path },
      cause: error,
    });
  }
}

/**
 * Returns the map that a JSON text holds.
 *
 * @throws {WeirError} DATA_BAD_JSON with line and column
 */
function parseMap(text: string, flag: string): JsonMap {
  return mapOf(parseValue(text, flag), flag);
}

function parseValue(text: string, flag: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch (cause) {
    const message = `The value of ${flag} is not JSON: ${jsonProblem(text)}`;
    throw new WeirError("DATA_BAD_JSON", message, { cause });
  }
}

function mapOf(value: unknown, flag: string): JsonMap {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const kind = value === null ? "null" : Array.isArray(value) ? "a list" : `a ${typeof value}`;
    throw new WeirError("USAGE_BAD_VALUE", `The value of ${flag} is ${kind}, not a map`, {
      hint: 'Write a map, such as {"day": "2026-11-28"}',
    });
  }
  // It is an object and no list: JSON and YAML make maps of texts of nothing else.
  return value as JsonMap;
}

/** A key with escapes, then `=` or `:=`, then the value. */
const SETTING = /^((?:\\.|[^\\=:]|:(?!=))+)(:?=)(.*)$/s;

/** Returns the map that `a.b=text` or `a.b:=json` stands for. */
function readSetting(text: string): JsonMap {
  const [, key = "", sign, value = ""] = SETTING.exec(text) ?? [];
  const names = key.split(/(?<!\\)\./).map((name) => name.replace(/\\(.)/gs, "$1"));
  if (sign === undefined || names.includes("")) {
    // The value may be a secret: only the key is shown.
    const shown = JSON.stringify(text.split("=")[0]?.slice(0, 60) ?? "");
    throw new WeirError("USAGE_BAD_VALUE", `Flag --set cannot read ${shown}`, {
      hint: "Write --set KEY=VALUE, --set KEY:=JSON, or --set a.b=VALUE for a key within a map",
      details: { flag: "set" },
    });
  }
  const leaf = sign === "=" ? value : parseValue(value, `--set ${key}`);
  return names.reduceRight<unknown>((inner, name) => Object.fromEntries([[name, inner]]), leaf) as
    // There is at least one name, so that the outermost value is a map.
    JsonMap;
}

async function readBytes(path: string, purpose: string, io: Io): Promise<Uint8Array> {
  const { files, stdin } = io.runtime;
  if (path === "-") return await collectBytes(stdin.chunks());
  try {
    return await files.read(path);
  } catch (error) {
    throw new WeirError("IO_READ", `Cannot read ${path}${purpose}: ${whyNotRead(error)}`, {
      hint: "See whether the name is right, and the file may be read",
      details: { path },
      cause: error,
    });
  }
}
