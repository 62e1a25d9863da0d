import { countOf } from "../readings.ts";
import type { Scope } from "../scope.ts";
import type { Setting } from "../setting.ts";
import { type From, fromOf } from "./from.ts";
import { type Into, intoOf } from "./into.ts";
import { fixedKey, keyOf } from "./keys.ts";
import { countOfPage, totalOf } from "./offset.ts";
import {
  END,
  type NextPage,
  type Paginator,
  type PaginatorKind,
  type PaginatorPlan,
  type Placement,
} from "./paginator.ts";

const DEFAULT_INTO: Into = { kind: "query", name: "page" };
const DEFAULT_LIMIT_INTO: Into = { kind: "query", name: "per_page" };

interface NumberPlan {
  readonly into: Into;
  readonly limitInto: Into;
  readonly limit: Setting<number> | undefined;
  readonly start: Setting<number> | undefined;
  readonly total: From | undefined;
  readonly totalPages: From | undefined;
}

/** Counts pages. */
export const pagePaginator: PaginatorKind = {
  name: "page",
  summary: "counts pages; ends at the last one, or at a short or empty page",
  keys: ["into", "limit", "limit_into", "start", "total", "total_pages"],
  compile(input): PaginatorPlan {
    const plan: NumberPlan = {
      into: fixedKey(input, "into", intoOf) ?? DEFAULT_INTO,
      limitInto: fixedKey(input, "limit_into", intoOf) ?? DEFAULT_LIMIT_INTO,
      limit: keyOf(input, "limit", (key) => countOf(key, 1)),
      start: keyOf(input, "start", (key) => countOf(key, 0)),
      total: fixedKey(input, "total", fromOf),
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
  const { into, limitInto, total, totalPages } = plan;
  const limit = plan.limit?.read(scope);
  const size: readonly Placement[] = limit === undefined ? [] : [{ into: limitInto, value: limit }];
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
