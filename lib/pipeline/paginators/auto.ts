import { headerValues } from "../../http/headers.ts";
import { findLink, parseLinks } from "../../http/link-header.ts";
import { openCursor } from "./cursor.ts";
import { type From, fromOf } from "./from.ts";
import { openLink } from "./link.ts";
import { openNextUrl } from "./next-url.ts";
import { END, type Page, type Paginator, type PaginatorKind } from "./paginator.ts";

/** Where bodies hold the URL of the next page, the most telling places first. */
const URL_PLACES = [
  "$.next_url",
  "$.nextUrl",
  "$.next_page_url",
  "$['@odata.nextLink']",
  "$.nextLink",
  "$._links.next.href",
  "$.links.next.href",
  "$.links.next",
  "$.paging.next",
  "$.pagination.next_url",
  "$.pagination.next",
  "$.meta.next",
  "$.next",
] as const;

/** Where bodies hold a cursor, with the parameter that such servers take it in. */
const CURSOR_PLACES = [
  ["$.next_cursor", "cursor"],
  ["$.nextCursor", "cursor"],
  ["$.meta.next_cursor", "cursor"],
  ["$.response_metadata.next_cursor", "cursor"],
  ["$.pagination.next_cursor", "cursor"],
  ["$.paging.cursors.after", "after"],
  ["$.next_page_token", "page_token"],
  ["$.nextPageToken", "pageToken"],
  ["$.next_token", "next_token"],
] as const;

/** What a text must look like to be taken for a URL. */
const URL_LIKE = /^(?:https?:\/\/|\/|\?)/i;

/** Looks at the first page and chooses. */
export const autoPaginator: PaginatorKind = {
  name: "auto",
  summary: "looks at the first page and chooses; a warning says what",
  keys: [],
  compile: () => ({
    wanted: [],
    isCounting: false,
    open: (_, note) => openAuto(note),
    expansion: ["chosen by the first page: the Link header, a next URL, or a cursor"],
  }),
};

function openAuto(note: (message: string) => void): Paginator {
  let chosen: Paginator | undefined;
  return {
    first: [],
    next(page) {
      chosen ??= choose(page, note);
      return chosen.next(page);
    },
    skip: () => END,
  };
}

function choose(page: Page, note: (message: string) => void): Paginator {
  const links = parseLinks(headerValues(page.headers, "link"), page.url);
  if (findLink(links, "next") !== undefined) {
    note("paginate: auto chose the Link header; paginate: link makes that certain");
    return openLink();
  }
  for (const place of URL_PLACES) {
    const from = known(place);
    const found = page.look(from);
    if (typeof found !== "string" || !URL_LIKE.test(found)) continue;
    note(`paginate: auto chose the next URL in ${place}; write {type: next_url, from: "${place}"}`);
    return openNextUrl(from);
  }
  for (const [place, name] of CURSOR_PLACES) {
    const from = known(place);
    const found = page.look(from);
    if ((typeof found !== "string" || found === "") && typeof found !== "number") continue;
    note(
      `paginate: auto chose the cursor in ${place}; write {type: cursor, from: "${place}", into: {query: ${name}}}`,
    );
    return openCursor(from, { kind: "query", name });
  }
  note("paginate: auto found nothing that leads to a second page");
  return { first: [], next: () => END, skip: () => END };
}

/** The places above are JSONPaths. */
function known(place: string): From {
  const reading = fromOf("from")(place);
  if ("value" in reading) return reading.value;
  return { kind: "header", name: "link" };
}
