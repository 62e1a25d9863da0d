import { autoPaginator } from "./auto.ts";
import { cursorPaginator } from "./cursor.ts";
import { linkPaginator } from "./link.ts";
import { nextUrlPaginator } from "./next-url.ts";
import { offsetPaginator } from "./offset.ts";
import { pagePaginator } from "./page.ts";
import type { PaginatorKind } from "./paginator.ts";

/** Every word that may stand behind `paginate.type`, in the order of the manual. */
export const PAGINATORS: readonly PaginatorKind[] = [
  linkPaginator,
  nextUrlPaginator,
  cursorPaginator,
  offsetPaginator,
  pagePaginator,
  autoPaginator,
];
