import { WeirError } from "../../base/errors.ts";
import { isMap, kindName, scalarText } from "../readings.ts";
import type { Reading } from "../setting.ts";
import { type From, fromOf } from "./from.ts";
import { type Into, intoOf } from "./into.ts";
import { keyOf, neededFixedKey } from "./keys.ts";
import { openNextUrl } from "./next-url.ts";
import {
  END,
  type NextPage,
  type Page,
  type Paginator,
  type PaginatorKind,
  type Placement,
} from "./paginator.ts";

/** Longest cursor, in characters: it travels in a URL or header of every further request. */
const CURSOR_LIMIT = 64 * 1024;

/** Returns a paginator that sends back what stands in `from`. */
export function openCursor(from: From, into: Into | "url", start?: string): Paginator {
  if (into === "url") return openNextUrl(from);
  return {
    first: start === undefined ? [] : [{ into, value: start }],
    next: (page) => nextCursor(page, from, into),
    skip: () => END,
  };
}

/** Sends back a value that each page names. */
export const cursorPaginator: PaginatorKind = {
  name: "cursor",
  summary: "sends back the cursor or token that a page names",
  keys: ["from", "into", "start"],
  compile(input) {
    const from = neededFixedKey(input, "from", fromOf, 'Write from: "$.next_cursor"');
    const into = neededFixedKey(input, "into", cursorIntoOf, "Write into: {query: cursor}");
    const start = keyOf(input, "start", startOf);
    if (into === "url" && start !== undefined) {
      throw input.source.error([...input.path, "start"], {
        message: "start has no place when the cursor is the URL of the next page",
        hint: "Write the URL of the first page as url of the task",
        part: "key",
      });
    }
    return {
      wanted: [from],
      isCounting: false,
      open: (scope) => openCursor(from, into, start?.read(scope)),
      expansion: [
        `when: ${String(input.fields["from"])} is not empty`,
        `then: { do: jump, to: this task, set: { iter.cursor: that value } }, sent back in ${JSON.stringify(input.fields["into"])}`,
      ],
    };
  },
};

/** A cursor may also be the whole URL of the next page. */
function cursorIntoOf(key: string): (value: unknown) => Reading<Into | "url"> {
  return (value) => (value === "url" ? { value } : intoOf(key)(value));
}

function startOf(key: string) {
  return (value: unknown) => {
    const text = scalarText(value);
    if (text !== undefined) return { value: text };
    return { wrong: `${key} is ${kindName(value)}`, hint: `Write ${key} as a text or a number` };
  };
}

function nextCursor(page: Page, from: From, into: Into): NextPage {
  const found = page.look(from);
  // How servers say that there is none.
  if (found === undefined || found === null || found === "" || found === false) return END;
  const value = usable(found);
  const cursor = typeof value === "object" ? JSON.stringify(value) : String(value);
  if (cursor.length > CURSOR_LIMIT) {
    throw new WeirError("PAGE_INVALID", `The cursor is longer than ${CURSOR_LIMIT} characters`, {
      hint: "Let paginate.from name the cursor alone",
    });
  }
  return { kind: "values", placements: [{ into, value }], cursor };
}

function usable(found: unknown): Placement["value"] {
  if (typeof found === "string" || typeof found === "number" || found === true) return found;
  if (isMap(found)) return found;
  if (Array.isArray(found)) return found;
  throw new WeirError("PAGE_INVALID", `The cursor is ${kindName(found)}`, {
    hint: "Let paginate.from name a text or a number",
  });
}
