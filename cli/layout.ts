/** Columns that everything printed by help keeps to. */
const WIDTH = 80;

/**
 * Returns `text` broken into lines of at most WIDTH columns, each after `indent` spaces.
 *
 * Paragraphs stand apart by blank lines and are filled; one that begins with a space is kept.
 */
export function fillText(text: string, indent: number): string {
  const margin = " ".repeat(indent);
  const paragraphs = text.split("\n\n").map((paragraph) => {
    const lines = /^\s/.test(paragraph) ? paragraph.split("\n") : fill(paragraph, WIDTH - indent);
    return lines.map((line) => `${margin}${line}`).join("\n");
  });
  return paragraphs.join("\n\n");
}

function fill(paragraph: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of paragraph.split(/\s+/)) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (longer.length > width && line !== "") lines.push(line);
    line = longer.length > width ? word : longer;
  }
  return [...lines, line];
}

/** Returns rows of two columns, indented by two; no name may be wider than `nameWidth`. */
export function twoColumns(
  rows: readonly (readonly [name: string, text: string])[],
  nameWidth: number,
): string {
  return rows.map(([name, text]) => `  ${name.padEnd(nameWidth)}  ${text}`).join("\n");
}
