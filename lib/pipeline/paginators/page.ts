import type { Scope } from "../scope.ts";
import {
  compileCounting,
  COUNTING_KEYS,
  type CountingPlan,
  countOfPage,
  readLimit,
  totalOf,
} from "./counting.ts";
import { type From, fromOf } from "./from.ts";
import { fixedKey } from "./keys.ts";
import {
  END,
  type NextPage,
  type Paginator,
  type PaginatorKind,
  type PaginatorPlan,
} from "./paginator.ts";

interface NumberPlan extends CountingPlan {
  readonly totalPages: From | undefined;
}

/** Counts pages. */
export const pagePaginator: PaginatorKind = {
  name: "page",
  summary: "counts pages; ends at the last one, or at a short or empty page",
  keys: [...COUNTING_KEYS, "total_pages"],
  compile(input): PaginatorPlan {
    const plan: NumberPlan = {
      ...compileCounting(input, { count: "page", limit: "per_page" }),
      totalPages: fixedKey(input, "total_pages", fromOf),
    };
    return {
      wanted: [plan.total, plan.totalPages].filter((from) => from !== undefined),
      isCounting: plan.totalPages === undefined,
      open: (scope) => openPage(plan, scope),
      expansion: [
        "when: the page is not the last one: neither empty, nor short, nor the total is reached",
        "then: { do: jump, to: this task, set: { iter.page: iter.page + 1 } }",
      ],
    };
  },
};

function openPage(plan: NumberPlan, scope: Scope): Paginator {
  const { into, total, totalPages } = plan;
  const { limit, placements: size } = readLimit(plan, scope);
  const start = plan.start?.read(scope) ?? 1;
  let number = start;
  let seen = 0;
  const goOn = (): NextPage => {
    number += 1;
    return { kind: "values", placements: [{ into, value: number }, ...size], cursor: undefined };
  };
  return {
    first: [{ into, value: number }, ...size],
    next(page) {
      const pages = totalOf(page, totalPages);
      // Servers that count from 0 have their last page at one less.
      if (pages !== undefined) return number - start + 1 < pages ? goOn() : END;
      const count = countOfPage(page);
      seen += count;
      const items = totalOf(page, total);
      if (count === 0 || (items !== undefined && seen >= items)) return END;
      return items !== undefined || limit === undefined || count >= limit ? goOn() : END;
    },
    skip: goOn,
  };
}
