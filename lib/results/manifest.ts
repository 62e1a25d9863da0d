import { collectBytes } from "../base/bytes.ts";
import { WeirError } from "../base/errors.ts";
import { isRecord } from "../base/record.ts";
import { jsonItems } from "./json-items.ts";
import { readReferenceUri, type ResultReference } from "./reference.ts";

/** Content type of a stored manifest: the list of stored pages. */
export const MANIFEST_TYPE = "application/vnd.weir.manifest+json";

/** How pages were put together: `extend` joins their lists, the others keep each page's value. */
export type MergeStrategy = "append" | "extend" | "collect";

/** The parts of a result that was stored page by page. */
export interface ResultManifest {
  readonly kind: "manifest";
  readonly strategy: MergeStrategy;
  /** JSONPath to what counts in each part; `$` is the whole part. */
  readonly merge_path: string;
  readonly parts: readonly { readonly ref: string }[];
  readonly total_parts: number;
  readonly total_bytes: number;
}

/** Returns the manifest of parts, in their order. */
export function manifestOf(
  strategy: MergeStrategy,
  mergePath: string,
  parts: readonly Pick<ResultReference, "ref" | "meta">[],
): ResultManifest {
  return {
    kind: "manifest",
    strategy,
    merge_path: mergePath,
    parts: parts.map(({ ref }) => ({ ref })),
    total_parts: parts.length,
    total_bytes: parts.reduce((sum, { meta }) => sum + meta.bytes, 0),
  };
}

/**
 * Yields the items of all parts in order, one part open at a time: with `extend` the items of the list
 * at the merge path, else the value there.
 *
 * @param open opens a part by its reference
 * @throws {WeirError} SELECT_BAD_PATH, SELECT_NOT_STREAMED, DATA_BAD_JSON, REFERENCE_NOT_AVAILABLE
 */
export async function* manifestItems(
  { strategy, merge_path: mergePath, parts }: ResultManifest,
  open: (ref: string) => Promise<AsyncIterable<Uint8Array>>,
): AsyncGenerator<unknown> {
  const path = strategy === "extend" ? `${mergePath}[*]` : mergePath;
  for (const { ref } of parts) yield* jsonItems(await open(ref), path);
}

/**
 * Reads a manifest that was stored as JSON.
 *
 * @throws {WeirError} DATA_BAD_JSON when it is none
 */
export async function readManifest(chunks: AsyncIterable<Uint8Array>): Promise<ResultManifest> {
  const value = parsed(new TextDecoder().decode(await collectBytes(chunks)));
  if (isManifest(value)) return value;
  throw new WeirError("DATA_BAD_JSON", "The stored list of pages cannot be read", {
    hint: "Run the pipeline again: the file was changed, or is of another version",
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What is no JSON is no manifest either.
    return undefined;
  }
}

function isManifest(value: unknown): value is ResultManifest {
  if (!isRecord(value) || value["kind"] !== "manifest") return false;
  const { strategy, merge_path: path, parts } = value;
  const isKnown = strategy === "append" || strategy === "extend" || strategy === "collect";
  return isKnown && typeof path === "string" && Array.isArray(parts) && parts.every(isPart);
}

function isPart(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { ref } = value;
  return typeof ref === "string" && readReferenceUri(ref) !== undefined;
}
