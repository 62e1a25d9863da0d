/** Says whether `value` is an object with keys, as maps of JSON and YAML are. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
