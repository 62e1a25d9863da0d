import { JSON_DEPTH_LIMIT } from "../base/json-tree.ts";

/**
 * Returns the bytes that a value of JSON takes as text, or why it may not be held: more than
 * `capBytes`, or more levels than code that calls itself can follow.
 */
export function jsonSize(value: unknown, capBytes: number): number | "size" | "depth" {
  let size = 0;
  const open: { readonly value: unknown; readonly depth: number }[] = [{ value, depth: 1 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value: one, depth } = next;
    if (typeof one !== "object" || one === null) size += scalarSize(one);
    else {
      if (depth > JSON_DEPTH_LIMIT) return "depth";
      const inner: readonly unknown[] = Array.isArray(one) ? one : Object.values(one);
      size += 2 + Math.max(0, inner.length - 1);
      // Each takes a byte at least: what is too large is not copied to be looked at.
      if (size + inner.length > capBytes) return "size";
      if (!Array.isArray(one)) for (const key of Object.keys(one)) size += scalarSize(key) + 1;
      for (const each of inner) open.push({ value: each, depth: depth + 1 });
    }
    if (size > capBytes) return "size";
  }
  return size;
}

function scalarSize(value: unknown): number {
  return typeof value === "string"
    ? Buffer.byteLength(JSON.stringify(value))
    : String(value).length;
}
