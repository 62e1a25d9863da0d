import { WeirError } from "../../base/errors.ts";
import { kindName } from "../readings.ts";
import { type From, fromOf } from "./from.ts";
import { neededFixedKey } from "./keys.ts";
import { END, type Page, type NextPage, type Paginator, type PaginatorKind } from "./paginator.ts";

/** Returns a paginator that goes to the URL that stands in `from`. */
export function openNextUrl(from: From): Paginator {
  return { first: [], next: (page) => nextUrl(page, from), skip: () => END };
}

/** Goes to the URL that a page names. */
export const nextUrlPaginator: PaginatorKind = {
  name: "next_url",
  summary: "goes to the URL that a page names, which may be relative",
  keys: ["from"],
  compile(input) {
    const from = neededFixedKey(input, "from", fromOf, 'Write from: "$.next"');
    return {
      wanted: [from],
      isCounting: false,
      open: () => openNextUrl(from),
      expansion: [
        `when: ${String(input.fields["from"])} is not empty`,
        "then: { do: jump, to: this task, set: { iter.url: that URL } }",
      ],
    };
  },
};

function nextUrl(page: Page, from: From): NextPage {
  const found = page.look(from);
  // How servers say that there is none.
  if (found === undefined || found === null || found === "" || found === false) return END;
  if (typeof found === "string") return { kind: "url", url: found };
  throw new WeirError("PAGE_INVALID", `The URL of the next page is ${kindName(found)}`, {
    hint: "Let paginate.from name a text",
  });
}
