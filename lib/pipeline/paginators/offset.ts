import { WeirError } from "../../base/errors.ts";
import { countOf, wholeNumber } from "../readings.ts";
import type { Scope } from "../scope.ts";
import type { Setting } from "../setting.ts";
import { type From, fromOf } from "./from.ts";
import { type Into, intoOf } from "./into.ts";
import { fixedKey, keyOf } from "./keys.ts";
import {
  END,
  type NextPage,
  type Page,
  type Paginator,
  type PaginatorKind,
  type PaginatorPlan,
  type Placement,
} from "./paginator.ts";

const DEFAULT_INTO: Into = { kind: "query", name: "offset" };
const DEFAULT_LIMIT_INTO: Into = { kind: "query", name: "limit" };

interface OffsetPlan {
  readonly into: Into;
  readonly limitInto: Into;
  readonly limit: Setting<number> | undefined;
  readonly start: Setting<number> | undefined;
  readonly total: From | undefined;
}

/** Counts the items that were there. */
export const offsetPaginator: PaginatorKind = {
  name: "offset",
  summary: "counts items: offset and limit; ends at the total, or at a short or empty page",
  keys: ["into", "limit", "limit_into", "start", "total"],
  compile(input): PaginatorPlan {
    const plan: OffsetPlan = {
      into: fixedKey(input, "into", intoOf) ?? DEFAULT_INTO,
      limitInto: fixedKey(input, "limit_into", intoOf) ?? DEFAULT_LIMIT_INTO,
      limit: keyOf(input, "limit", (key) => countOf(key, 1)),
      start: keyOf(input, "start", (key) => countOf(key, 0)),
      total: fixedKey(input, "total", fromOf),
    };
    return {
      wanted: plan.total === undefined ? [] : [plan.total],
      isCounting: true,
      open: (scope, note) => openOffset(plan, scope, note),
      expansion: [
        "when: the page has as many items as limit, or the total is not reached",
        "then: { do: jump, to: this task, set: { iter.offset: iter.offset + the items of the page } }",
      ],
    };
  },
};

function openOffset(
  { into, limitInto, limit: limitSetting, start, total }: OffsetPlan,
  scope: Scope,
  note: (message: string) => void,
): Paginator {
  const limit = limitSetting?.read(scope);
  const size: readonly Placement[] = limit === undefined ? [] : [{ into: limitInto, value: limit }];
  let offset = start?.read(scope) ?? 0;
  const from = (value: number): readonly Placement[] => [{ into, value }, ...size];
  const goOn = (): NextPage => ({ kind: "values", placements: from(offset), cursor: undefined });
  return {
    first: from(offset),
    next(page) {
      const count = countOfPage(page);
      // Not by the limit: a server may give fewer items a page than were asked for.
      offset += count;
      const all = totalOf(page, total);
      if (count === 0) {
        if (all !== undefined && offset < all)
          note(`Page ${page.number} is empty at ${offset} of ${all} items`);
        return END;
      }
      if (all !== undefined) return offset < all ? goOn() : END;
      return limit === undefined || count >= limit ? goOn() : END;
    },
    skip() {
      if (limit === undefined) return END;
      offset += limit;
      return goOn();
    },
  };
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
