/** How a line is wrapped. */
export interface Wrapping {
  readonly width: number;
  /** True to cut words longer than the width. */
  readonly breaksLong: boolean;
  /** True to break after hyphens within words. */
  readonly breaksHyphens: boolean;
}

/**
 * Returns `line` as lines of at most `width` characters, as Python's textwrap does.
 *
 * White space at breaks is dropped; at the start of the first line it stays.
 */
export function wrapLine(line: string, wrapping: Wrapping): readonly string[] {
  const chunks = chunksOf(line, wrapping.breaksHyphens).toReversed();
  const lines: string[] = [];
  while (chunks.length > 0) {
    if (lines.length > 0 && chunks.at(-1)?.trim() === "") chunks.pop();
    const current = takeLine(chunks, wrapping);
    while (current.length > 0 && current.at(-1)?.trim() === "") current.pop();
    if (current.length > 0) lines.push(current.join(""));
  }
  return lines;
}

function chunksOf(line: string, breaksHyphens: boolean): readonly string[] {
  const words = line.split(/(\s+)/).filter((chunk) => chunk !== "");
  if (!breaksHyphens) return words;
  return words.flatMap((word) =>
    word.split(/(?<=[\p{L}\p{N}_]-)(?=[\p{L}\p{N}_])/u).filter((chunk) => chunk !== ""),
  );
}

/** Moves the chunks of one line from the end of `chunks`. */
function takeLine(chunks: string[], { width, breaksLong }: Wrapping): string[] {
  const current: string[] = [];
  let length = 0;
  for (let next = chunks.at(-1); next !== undefined; next = chunks.at(-1)) {
    if (length + next.length > width) break;
    current.push(next);
    length += next.length;
    chunks.pop();
  }
  const next = chunks.at(-1);
  if (next === undefined || next.length <= width) return current;
  if (breaksLong) {
    const room = Math.max(1, width - length);
    current.push(next.slice(0, room));
    chunks[chunks.length - 1] = next.slice(room);
  } else if (current.length === 0) {
    current.push(next);
    chunks.pop();
  }
  return current;
}
