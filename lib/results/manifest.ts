import { jsonItems } from "./json-items.ts";
import type { ResultReference } from "./reference.ts";

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
