import { headerValues } from "../../http/headers.ts";
import { findLink, parseLinks } from "../../http/link-header.ts";
import { END, type Page, type NextPage, type Paginator, type PaginatorKind } from "./paginator.ts";

/** Returns a paginator that follows the Link header. */
export function openLink(): Paginator {
  return { first: [], next: nextLink, skip: () => END };
}

/** Follows `Link: <…>; rel="next"`, RFC 8288. */
export const linkPaginator: PaginatorKind = {
  name: "link",
  summary: 'follows the Link header with rel="next"',
  keys: [],
  compile: () => ({
    wanted: [],
    isCounting: false,
    open: openLink,
    expansion: [
      'when: outcome.http.headers.link names a rel="next"',
      "then: { do: jump, to: this task, set: { iter.url: that URL } }",
    ],
  }),
};

function nextLink({ headers, url }: Page): NextPage {
  const next = findLink(parseLinks(headerValues(headers, "link"), url), "next");
  return next === undefined ? END : { kind: "url", url: next.href };
}
