import { messageOf, WeirError } from "../base/errors.ts";

/** Functions of RFC 9535 that run a regular expression, with which a model could stop the process. */
const REGULAR_EXPRESSION = /\b(?:match|search)\s*\(/;

/**
 * Returns what a JSONPath finds in a JSON text: the value when it is one, else all values in a list.
 *
 * @throws {WeirError} DATA_BAD_CALL for a path that may not be used or a text that is not JSON
 */
export async function selectFrom(text: string, path: string): Promise<unknown> {
  if (REGULAR_EXPRESSION.test(path)) {
    throw badSelect("match() and search() are not available", "Select more and filter it yourself");
  }
  const { query } = await import("json-p3");
  try {
    const found = query(path, JSON.parse(text)).values();
    return found.length === 1 ? found[0] : found;
  } catch (error) {
    throw badSelect(
      messageOf(error).split("\n")[0] ?? "",
      'Write a JSONPath such as "$.items[*].id"',
    );
  }
}

function badSelect(what: string, hint: string): WeirError {
  return new WeirError("DATA_BAD_CALL", `"select" cannot be applied: ${what}`, { hint });
}
