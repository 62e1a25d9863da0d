import type { Files } from "../runtime/runtime.ts";
import { linesOf } from "./lines.ts";
import type { AuditRecord } from "./record.ts";
import { parseRecord } from "./record.ts";

/** A line with its place and what it says. */
export interface PlacedLine {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly bytes: Uint8Array;
  readonly isWhole: boolean;
  /** Undefined when the line is no record. */
  readonly record: AuditRecord | undefined;
}

/** Yields the lines of several files, in order. */
export async function* placedLines(
  files: Files,
  paths: readonly string[],
): AsyncGenerator<PlacedLine> {
  for (const file of paths) {
    let line = 0;
    for await (const { bytes, isWhole } of linesOf(files.chunks(file))) {
      line += 1;
      yield { file, line, bytes, isWhole, record: parseRecord(bytes) };
    }
  }
}

/** Yields each item together with the one after it, undefined after the last. */
export async function* withNext<T>(
  source: AsyncIterable<T>,
): AsyncGenerator<readonly [item: T, next: T | undefined]> {
  let held: { readonly item: T } | undefined;
  for await (const item of source) {
    if (held !== undefined) yield [held.item, item];
    held = { item };
  }
  if (held !== undefined) yield [held.item, undefined];
}
