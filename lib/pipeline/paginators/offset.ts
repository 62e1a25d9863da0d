import type { Scope } from "../scope.ts";
import {
  compileCounting,
  COUNTING_KEYS,
  type CountingPlan,
  countOfPage,
  readLimit,
  totalOf,
} from "./counting.ts";
import {
  END,
  type NextPage,
  type Paginator,
  type PaginatorKind,
  type PaginatorPlan,
  type Placement,
} from "./paginator.ts";

/** Counts the items that were there. */
export const offsetPaginator: PaginatorKind = {
  name: "offset",
  summary: "counts items: offset and limit; ends at the total, or at a short or empty page",
  keys: COUNTING_KEYS,
  compile(input): PaginatorPlan {
    const plan = compileCounting(input, { count: "offset", limit: "limit" });
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

function openOffset(plan: CountingPlan, scope: Scope, note: (message: string) => void): Paginator {
  const { into, start, total } = plan;
  const { limit, placements: size } = readLimit(plan, scope);
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
