/**
 * Returns a test for a glob: `**` stands for anything, `*` for anything but a slash, everything else
 * for itself. A pattern without wildcards matches the whole text.
 */
export function globTest(pattern: string): (text: string) => boolean {
  const parts = pattern.split(/(\*\*|\*)/);
  return (text) => matches(parts, text);
}

/**
 * Matches part by part and remembers one place to go back to, so that time grows with the product of
 * the lengths: a plugin chooses the pattern, and a server may choose the text.
 */
function matches(parts: readonly string[], text: string): boolean {
  const tokens = parts.flatMap((part) => (part.startsWith("*") ? [part] : part.split("")));
  const letters = text.split("");
  // Positions in `tokens` that the letters so far can have led to.
  let reached = closure(new Set([0]), tokens);
  for (const letter of letters) {
    const next = new Set<number>();
    for (const at of reached) {
      const token = tokens[at];
      if (token === "**" || (token === "*" && letter !== "/")) next.add(at);
      else if (token === letter) next.add(at + 1);
    }
    if (next.size === 0) return false;
    reached = closure(next, tokens);
  }
  return reached.has(tokens.length);
}

/** Adds what can be reached without a letter: a wildcard may stand for nothing. */
function closure(positions: Set<number>, tokens: readonly string[]): Set<number> {
  for (const at of positions) if (tokens[at]?.startsWith("*") === true) positions.add(at + 1);
  return positions;
}
