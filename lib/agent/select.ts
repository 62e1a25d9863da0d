import type { JSONPathQuery } from "json-p3";
import type { Clock } from "../base/clock.ts";
import { messageOf, WeirError } from "../base/errors.ts";
import type { Redactor } from "../base/redact.ts";

/** What bounds a selection. */
export interface SelectOptions {
  /** Bytes of JSON that may be found. */
  readonly capBytes: number;
  readonly redactor: Redactor;
  readonly clock: Clock;
}

/** Functions of RFC 9535 that run a regular expression, with which a model could stop the process. */
const REGULAR_EXPRESSION = /\b(?:match|search)\s*\(/;

/** Nothing else runs meanwhile, so a path that takes longer is given up. */
const TIME_LIMIT_MS = 500;

/** Longest path, in characters. */
const PATH_LIMIT = 1000;

/**
 * Returns what a JSONPath finds in a JSON text: the value when it is one, else all values in a list.
 *
 * Secrets are masked before the path is applied: its filters could be used to guess them.
 *
 * @throws {WeirError} DATA_BAD_CALL for a path that may not be used, one that finds too much or takes
 *   too long, or a text that is not JSON
 */
export async function selectFrom(
  text: string,
  path: string,
  { capBytes, redactor, clock }: SelectOptions,
): Promise<unknown> {
  if (path.length > PATH_LIMIT) throw badSelect("the path is too long", "Write a shorter one");
  if (REGULAR_EXPRESSION.test(path)) {
    throw badSelect("match() and search() are not available", "Select more and filter it yourself");
  }
  const { compile } = await import("json-p3");
  try {
    const query = compile(path);
    const data = redactor.redactData(JSON.parse(text));
    limitTime(query, clock);
    // True: what JSON.parse returned, with strings in place of strings.
    const found = query.lazyQuery(data as Parameters<JSONPathQuery["lazyQuery"]>[0]);
    return listOf(found, capBytes);
  } catch (error) {
    if (error instanceof WeirError) throw error;
    const what = (messageOf(error).split("\n")[0] ?? "").slice(0, 200);
    throw badSelect(what, 'Write a JSONPath such as "$.items[*].id"');
  }
}

function listOf(found: Iterable<{ readonly value: unknown }>, capBytes: number): unknown {
  const values: unknown[] = [];
  let size = 0;
  for (const { value } of found) {
    // Parts of the document may be found again and again.
    size += JSON.stringify(value, undefined, 2).length;
    if (size > capBytes) throw badSelect(`it finds more than ${capBytes} bytes`, "Select less");
    values.push(value);
  }
  return values.length === 1 ? values[0] : values;
}

interface Selector {
  resolve: (node: unknown) => unknown[];
  lazyResolve: (node: unknown) => Iterable<unknown>;
}

/** Makes every selector of a query, those inside its filters too, look at the clock. */
function limitTime(query: object, clock: Clock): void {
  const endMs = clock.monotonicMs() + TIME_LIMIT_MS;
  for (const selector of selectorsOf(query, new Set())) {
    const resolve = selector.resolve.bind(selector);
    const lazyResolve = selector.lazyResolve.bind(selector);
    const check = (): void => {
      if (clock.monotonicMs() < endMs) return;
      throw badSelect("it takes too long", "Select along one path, without filters in filters");
    };
    selector.resolve = (node) => {
      check();
      return resolve(node);
    };
    selector.lazyResolve = (node) => {
      check();
      return lazyResolve(node);
    };
  }
}

/** Yields whatever resolves nodes below `part` of a compiled query. */
function* selectorsOf(part: object, seen: Set<object>): Generator<Selector> {
  if (seen.has(part)) return;
  seen.add(part);
  if (isSelector(part)) yield part;
  for (const [name, inner] of Object.entries(part)) {
    if (name === "environment" || name === "token") continue;
    if (typeof inner === "object" && inner !== null) yield* selectorsOf(inner, seen);
  }
}

function isSelector(part: object): part is Selector {
  return "lazyResolve" in part && typeof part.lazyResolve === "function" && !("selectors" in part);
}

function badSelect(what: string, hint: string): WeirError {
  return new WeirError("DATA_BAD_CALL", `"select" cannot be applied: ${what}`, { hint });
}
