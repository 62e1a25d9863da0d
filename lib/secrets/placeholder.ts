/** A reference to a secret in a header value or a body, as it has to be written. */
const PLACEHOLDER = /\{\{secret:([A-Za-z0-9_.-]+)\}\}/g;

/** One JSON value, or one a line. */
const JSON_TYPE = /^(?:text|application)\/(?:(?:x-)?(?:json|ndjson|jsonl)|[^;]*\+json)$/;

/** Where a value is written: as it is into a header or a plain body, else so that it stays one value. */
export type TextEncoding = "header" | "plain" | "json" | "form";

/** Returns the names that `text` refers to as `{{secret:NAME}}`, without repeats. */
export function secretNames(text: string): readonly string[] {
  return [...new Set([...text.matchAll(PLACEHOLDER)].map((found) => found[1] ?? ""))];
}

/** Returns the text with each reference replaced by its value. */
export function withValues(
  text: string,
  values: ReadonlyMap<string, string>,
  encoding: TextEncoding,
): string {
  return text.replace(PLACEHOLDER, (whole, name: string) => {
    const value = values.get(name);
    return value === undefined ? whole : encoded(value, encoding);
  });
}

/** Returns a value as it is written where `encoding` says. */
export function encoded(value: string, encoding: TextEncoding): string {
  if (encoding === "json") return JSON.stringify(value).slice(1, -1);
  return encoding === "form" ? new URLSearchParams({ "": value }).toString().slice(1) : value;
}

/** Returns how values are written into a body of this content type. */
export function encodingOf(contentType: string | undefined): TextEncoding {
  const type = contentType?.split(";")[0]?.trim().toLowerCase() ?? "";
  if (type === "application/x-www-form-urlencoded") return "form";
  return JSON_TYPE.test(type) ? "json" : "plain";
}
