import type { Expression } from "./ast.ts";

/** Filters whose result is HTML already. */
const MARKUP_FILTERS: ReadonlySet<string> = new Set([
  "e",
  "escape",
  "forceescape",
  "safe",
  "tojson",
  "urlize",
  "xmlattr",
]);

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&#34;",
  "'": "&#39;",
};

/** Says whether an expression gives HTML: only its last filter tells, texts carry no mark. */
export function isMarkup(node: Expression | undefined): boolean {
  return node?.kind === "filter" && MARKUP_FILTERS.has(node.name);
}

/** Returns `text` with the characters that mean something in HTML as entities. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}
