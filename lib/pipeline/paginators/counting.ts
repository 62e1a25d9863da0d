import { WeirError } from "../../base/errors.ts";
import { countOf, wholeNumber } from "../readings.ts";
import type { Scope } from "../scope.ts";
import type { Setting } from "../setting.ts";
import { type From, fromOf } from "./from.ts";
import { type Into, intoOf } from "./into.ts";
import { fixedKey, keyOf } from "./keys.ts";
import type { Page, PaginatorInput, Placement } from "./paginator.ts";

/** Keys of the paginators that count, be it items or pages. */
export const COUNTING_KEYS = ["into", "limit", "limit_into", "start", "total"] as const;

/** What both of them are told. */
export interface CountingPlan {
  readonly into: Into;
  readonly limitInto: Into;
  readonly limit: Setting<number> | undefined;
  readonly start: Setting<number> | undefined;
  readonly total: From | undefined;
}

/**
 * Returns the compiled keys of COUNTING_KEYS.
 *
 * @param names query parameters that hold count and limit when the file names none
 */
export function compileCounting(
  input: PaginatorInput,
  names: { readonly count: string; readonly limit: string },
): CountingPlan {
  return {
    into: fixedKey(input, "into", intoOf) ?? { kind: "query", name: names.count },
    limitInto: fixedKey(input, "limit_into", intoOf) ?? { kind: "query", name: names.limit },
    limit: keyOf(input, "limit", (key) => countOf(key, 1)),
    start: keyOf(input, "start", (key) => countOf(key, 0)),
    total: fixedKey(input, "total", fromOf),
  };
}

/** Returns the limit, and where it goes; nowhere without one. */
export function readLimit({ limit: setting, limitInto: into }: CountingPlan, scope: Scope) {
  const limit = setting?.read(scope);
  const placements: readonly Placement[] = limit === undefined ? [] : [{ into, value: limit }];
  return { limit, placements };
}

/**
 * Returns how many items a page has.
 *
 * @throws {WeirError} PAGE_INVALID when that cannot be known
 */
export function countOfPage({ count }: Page): number {
  if (count !== undefined) return count;
  throw new WeirError("PAGE_INVALID", "The items of the page cannot be counted: it is no list", {
    hint: 'Say where they are: accumulate: {path: "$.items"}',
  });
}

/** Returns the number that stands in `from`, also when it is a text; undefined when there is none. */
export function totalOf(page: Page, from: From | undefined): number | undefined {
  const found = from === undefined ? undefined : page.look(from);
  if (from === undefined || found === undefined || found === null) return undefined;
  const total = wholeNumber(found);
  if (total !== undefined && total >= 0) return total;
  throw new WeirError("PAGE_INVALID", "The total of the pages is no whole number", {
    hint: "Let paginate.total name a number, or leave it out: a short page ends the pages as well",
  });
}
