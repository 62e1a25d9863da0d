import { createHash } from "node:crypto";
import { WeirError } from "../../../base/errors.ts";
import { maskUrl } from "../../../base/sensitive.ts";
import type { HeaderList } from "../../../http/headers.ts";
import { place } from "../../paginators/place.ts";
import type { NextPage, Page } from "../../paginators/paginator.ts";
import type { RenderedRequest } from "./request.ts";

/** Longest URL that a page may lead to, in characters. */
const URL_LIMIT = 64 * 1024;

/** A text longer than this is remembered by its hash. */
const REMEMBERED_LENGTH = 64;

/** Headers that stay with the origin they were meant for, whatever their values. */
const ORIGIN_HEADERS = new Set(["authorization", "cookie", "proxy-authorization", "host"]);

/** The request of the next page. */
export interface NextRequest {
  readonly request: RenderedRequest;
  /** What asks for it, as the journal keeps it. */
  readonly cursor: string | undefined;
}

/** What requests of further pages are made with. */
export interface NextRequestOptions {
  /** The request of the task, its templates rendered. */
  readonly base: RenderedRequest;
  readonly mayCrossOrigin: boolean;
}

/** Makes the requests of further pages, and knows those that were made. */
export class NextRequests {
  readonly #options: NextRequestOptions;
  readonly #seen = new Set<string>();

  constructor(options: NextRequestOptions) {
    this.#options = options;
    this.#seen.add(remembered(options.base.url.href));
  }

  /**
   * Returns the request of the page behind `page`.
   *
   * @throws {WeirError} PAGE_REPEATED, PAGE_REFUSED, PAGE_INVALID
   */
  make(next: Exclude<NextPage, { kind: "end" }>, page: Pick<Page, "number" | "url">): NextRequest {
    const { base } = this.#options;
    if (next.kind === "url") {
      const url = this.#urlOf(next.url, page.url);
      this.#once(url.href, `Page ${page.number} leads to ${maskUrl(url)}`);
      return { request: this.#numbered(this.#moved(url), page.number + 1), cursor: url.href };
    }
    const { cursor, placements } = next;
    if (cursor !== undefined) this.#once(cursor, `The cursor of page ${page.number}`);
    const request = place(base, placements);
    return { request: this.#numbered(request, page.number + 1), cursor };
  }

  #once(text: string, what: string): void {
    const key = remembered(text);
    if (this.#seen.has(key)) {
      throw new WeirError("PAGE_REPEATED", `${what}, which was there before`, {
        hint: "Say when the pages end: paginate.stop, such as {{ not page.data.has_more }}",
      });
    }
    this.#seen.add(key);
  }

  #urlOf(written: string, from: URL): URL {
    const url = written.length > URL_LIMIT ? null : URL.parse(written, from.href);
    if (url === null) {
      throw new WeirError("PAGE_INVALID", "The URL of the next page cannot be read", {
        hint: "Let paginate.from name a URL",
      });
    }
    // A server may not choose credentials for us, and a fragment is never sent.
    url.username = "";
    url.password = "";
    url.hash = "";
    const { base, mayCrossOrigin } = this.#options;
    if (url.protocol !== "http:" && url.protocol !== "https:") {
      throw refused(`The next page has the scheme ${url.protocol.replace(":", "")}`);
    }
    if (url.origin === base.url.origin || mayCrossOrigin) return url;
    throw refused(`The next page is on ${url.origin}, and the first one on ${base.url.origin}`);
  }

  /** The parameters of the task are in the URL already, or the server wants them gone. */
  #moved(url: URL): RenderedRequest {
    const { base } = this.#options;
    return url.origin === base.url.origin ? { ...base, url } : undressed({ ...base, url });
  }

  /** With one key a server would take the second page for the first one sent again. */
  #numbered(request: RenderedRequest, number: number): RenderedRequest {
    return request.key === undefined ? request : { ...request, key: `${request.key}-${number}` };
  }
}

function remembered(text: string): string {
  if (text.length <= REMEMBERED_LENGTH) return text;
  return createHash("sha256").update(text).digest("base64");
}

function undressed(request: RenderedRequest): RenderedRequest {
  const own = new Set(request.credentialHeaders.map((name) => name.toLowerCase()));
  const headers: HeaderList = request.headers.filter(([name]) => {
    const lower = name.toLowerCase();
    return !ORIGIN_HEADERS.has(lower) && !own.has(lower);
  });
  return { ...request, headers, auth: undefined };
}

function refused(what: string): WeirError {
  return new WeirError("PAGE_REFUSED", what, {
    hint: "paginate.allow_cross_origin: true goes there, http or https only, without credentials",
  });
}
