import { codeOf, WeirError } from "../base/errors.ts";
import { whyNotRead } from "../base/file-reasons.ts";
import { csvItems } from "../results/csv-items.ts";
import { jsonItems } from "../results/json-items.ts";
import {
  MANIFEST_TYPE,
  manifestItems,
  readManifest,
  type ResultManifest,
} from "../results/manifest.ts";
import { ndjsonItems } from "../results/ndjson-items.ts";
import { describe } from "../template/lookup.ts";
import { isDict, keysOf, ownValue } from "../template/values.ts";
import { pathIn } from "./files.ts";
import type { LoopInput } from "./model.ts";
import type { RunPorts } from "./ports.ts";
import type { Scope } from "./scope.ts";
import type { Source } from "./source.ts";
import { templateTypeError } from "./setting.ts";
import type { Value } from "./values.ts";

/** The items of a loop, read as they are needed. */
export interface LoopItems {
  readonly items: Iterable<unknown> | AsyncIterable<unknown>;
  /** How many there are, when that is known before they are read. */
  readonly total: number | undefined;
}

/** What the items of a loop are read with. */
export interface LoopInputContext {
  readonly scope: Scope;
  readonly ports: Pick<RunPorts, "files" | "folder" | "isTrusted" | "results">;
  readonly source: Source;
}

type Chunks = AsyncIterable<Uint8Array>;

/** Items of a JSON document that is a list. */
const LIST_PATH = "$[*]";

/**
 * Returns the items of a loop; files and stored results are read while the loop runs.
 *
 * @throws {WeirError} TEMPLATE_* when a value is nothing that can be repeated, IO_READ,
 *   REFERENCE_NOT_AVAILABLE; while items are read, what is wrong with them
 */
export async function openItems(input: LoopInput, context: LoopInputContext): Promise<LoopItems> {
  if (input.kind === "value") return itemsOf(input.value, context);
  if (input.kind === "file") {
    const file = textOf(input.path, context);
    const items = readers[input.format](readFile(file, context.ports));
    return { items: ofFile(items, file), total: undefined };
  }
  return { items: await storedItems(input.ref, input.items, context), total: undefined };
}

const readers = {
  ndjson: ndjsonItems,
  csv: (chunks: Chunks) => csvItems(chunks),
  json: (chunks: Chunks) => jsonItems(chunks, LIST_PATH),
} as const;

function itemsOf(input: Value, { scope, source }: LoopInputContext): LoopItems {
  const value = input.evaluate(scope);
  if (Array.isArray(value)) return { items: value, total: value.length };
  if (isDict(value)) {
    const keys = keysOf(value);
    return { items: keys.map((key) => ({ key, value: ownValue(value, key) })), total: keys.length };
  }
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) {
    return { items: countTo(value), total: value };
  }
  throw templateTypeError(source, input.path, {
    message: `A loop goes over a list, a map or a whole number, and this is ${nameOf(value)}`,
    hint: "Let in give a list; results that were written to a file are read with in: { result: … }",
  });
}

function* countTo(count: number): Generator<number> {
  for (let index = 0; index < count; index += 1) yield index;
}

function nameOf(value: unknown): string {
  return typeof value === "number" ? `the number ${value}` : describe(value);
}

function textOf(input: Value, { scope, source }: LoopInputContext): string {
  const value = input.evaluate(scope);
  if (typeof value === "string" && value !== "") return value;
  throw templateTypeError(source, input.path, {
    message: `This must be a text, and it is ${nameOf(value)}`,
    hint: "Give the name of a file, or a reference such as {{ fetch.__ref__ }}",
  });
}

/** What is wrong with an item says in which file. */
async function* ofFile(items: AsyncIterable<unknown>, file: string): AsyncGenerator<unknown> {
  try {
    yield* items;
  } catch (error) {
    if (!(error instanceof WeirError) || error.code === "IO_READ") throw error;
    const { code, message, hint, details } = error;
    throw new WeirError(code, `${file}: ${message}`, {
      hint,
      details: { ...details, path: file },
      cause: error,
    });
  }
}

async function* readFile(
  file: string,
  ports: Pick<RunPorts, "files" | "folder" | "isTrusted">,
): AsyncGenerator<Uint8Array> {
  const path = await pathIn(ports, file);
  try {
    yield* ports.files.chunks(path);
  } catch (error) {
    throw new WeirError("IO_READ", `Cannot read ${path}: ${whyNotRead(error)}`, {
      hint: "A file of a loop is looked for beside the pipeline",
      details: { path, reason: codeOf(error) },
      cause: error,
    });
  }
}

/** Reads a stored result as what it is: lines of JSON, CSV, or one JSON document. */
async function storedItems(
  input: Value,
  path: string | undefined,
  context: LoopInputContext,
): Promise<AsyncIterable<unknown>> {
  const { results } = context.ports;
  const ref = textOf(input, context);
  const type = (await results.entry(ref)).meta.content_type ?? "";
  const chunks = await results.open(ref);
  if (type === MANIFEST_TYPE) return pageItems(await readManifest(chunks), path, results);
  if (path !== undefined) return jsonItems(chunks, path);
  if (/ndjson|jsonl/i.test(type)) return ndjsonItems(chunks);
  return /\bcsv\b/i.test(type) ? csvItems(chunks) : jsonItems(chunks, LIST_PATH);
}

/** Goes over pages that were stored one by one: their items, or what `path` finds in each. */
async function* pageItems(
  manifest: ResultManifest,
  path: string | undefined,
  results: RunPorts["results"],
): AsyncGenerator<unknown> {
  const open = (ref: string): Promise<Chunks> => results.open(ref);
  if (path === undefined) yield* manifestItems(manifest, open);
  else for (const { ref } of manifest.parts) yield* jsonItems(await open(ref), path);
}
