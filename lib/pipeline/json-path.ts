import { compile, type JSONPathQuery } from "json-p3";
import { messageOf, WeirError } from "../base/errors.ts";
import { isRiskyPattern } from "./pattern.ts";
import { kindName } from "./readings.ts";
import type { Reading } from "./setting.ts";

/** A JSONPath of RFC 9535, read. */
export interface JsonPath {
  readonly text: string;
  /** True: it finds one value at most. */
  readonly isSingular: boolean;
  /**
   * Returns the values it finds, in order.
   *
   * @throws {WeirError} PAGE_INVALID when the data nest deeper than it can look
   */
  find(data: unknown): readonly unknown[];
}

/** Longest path, in characters. */
const LENGTH_LIMIT = 1000;

/** Functions of RFC 9535 that run a regular expression on what a server sent. */
const REGULAR_EXPRESSION = /\b(?:match|search)\s*\(/;

/** Returns a reader of JSONPaths. */
export function jsonPathOf(key: string): (value: unknown) => Reading<JsonPath> {
  return (value) => {
    if (typeof value !== "string") {
      return { wrong: `${key} is ${kindName(value)}`, hint: 'Write a JSONPath such as "$.items"' };
    }
    return compilePath(value, key);
  };
}

/** Reads a JSONPath that stands under `key`. */
export function compilePath(text: string, key: string): Reading<JsonPath> {
  const hint = 'Write a JSONPath such as "$.items[*].id"';
  const shown = JSON.stringify(text.slice(0, 80));
  if (text.length > LENGTH_LIMIT) return { wrong: `${key} is too long`, hint };
  if (REGULAR_EXPRESSION.test(text) && literalsOf(text).some(isRiskyPattern)) {
    return {
      wrong: `${key} has a pattern that repeats what repeats, which can take for ever`,
      hint: "Write it with two .* at most, and no quantifier behind a group that has one inside",
    };
  }
  try {
    const query = compile(text);
    const isSingular = query.singularQuery();
    return { value: { text, isSingular, find: (data) => find(query, data, text) } };
  } catch (error) {
    const [reason = ""] = messageOf(error).split("\n");
    return { wrong: `${key} ${shown} is no JSONPath: ${reason}`, hint };
  }
}

/** Returns the texts in quotes: the patterns are among them. */
function literalsOf(text: string): readonly string[] {
  return [...text.matchAll(/'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/g)].map(
    ([, single, double]) => single ?? double ?? "",
  );
}

function find(query: JSONPathQuery, data: unknown, text: string): readonly unknown[] {
  try {
    // True: what JSON.parse returned, with texts in place of some numbers.
    return query.query(data as Parameters<JSONPathQuery["query"]>[0]).values();
  } catch (cause) {
    throw new WeirError("PAGE_INVALID", `${text} cannot be applied: ${messageOf(cause)}`, {
      hint: "Name the way down in place of `..`",
      cause,
    });
  }
}
