import { WeirError } from "../base/errors.ts";
import { bodyLength } from "../http/body.ts";
import type { Draft } from "../http/draft.ts";
import type { SentRequest } from "../http/exchange.ts";
import {
  checkHeader,
  hasHeader,
  type HeaderEntry,
  headerValue,
  isSameName,
} from "../http/headers.ts";

/** Methods whose requests say that they have no content, RFC 9110 section 8.6. */
const METHODS_WITH_CONTENT = new Set(["POST", "PUT", "PATCH"]);

/**
 * Returns the request a draft stands for, every header line included but cookies and credentials.
 *
 * Order: Host, the defaults nobody set or unset, the lines of the user, then what frames the body.
 *
 * @throws {WeirError} USAGE_BAD_HEADER, USAGE_BAD_FRAMING
 */
export function prepare(draft: Draft): SentRequest {
  for (const line of draft.headers) checkHeader(line[0], line[1]);
  const headers: HeaderEntry[] = hostLines(draft);
  for (const line of draft.defaults) {
    if (isLeft(line[0], draft)) headers.push(line);
  }
  for (const line of draft.headers) {
    if (!isSameName(line[0], "host")) headers.push(line);
  }
  const framing = framingLine(draft);
  if (framing !== undefined) headers.push(framing);
  return {
    method: draft.method,
    url: draft.url,
    target: draft.target ?? draft.url.pathname + draft.url.search,
    headers,
    body: draft.body,
  };
}

function hostLines(draft: Draft): HeaderEntry[] {
  if (hasHeader(draft.headers, "host")) {
    return draft.headers.filter((line) => isSameName(line[0], "host"));
  }
  return draft.unset.includes("host") ? [] : [["Host", draft.url.host]];
}

/** Says whether a default header was neither set nor unset. */
function isLeft(name: string, { headers, unset }: Draft): boolean {
  return !hasHeader(headers, name) && (unset.length === 0 || !unset.includes(name.toLowerCase()));
}

/** Returns the line that frames the body, RFC 9112 section 6. */
function framingLine(draft: Draft): HeaderEntry | undefined {
  const typedLength = headerValue(draft.headers, "content-length");
  const isCoded = hasHeader(draft.headers, "transfer-encoding");
  checkFraming(draft, typedLength, isCoded);
  if (typedLength !== undefined || isCoded) return undefined;
  const length = bodyLength(draft.body);
  if (length === undefined || (draft.isChunked === true && draft.body.kind !== "none")) {
    return ["Transfer-Encoding", "chunked"];
  }
  if (draft.unset.includes("content-length")) return undefined;
  if (length > 0 || draft.body.kind !== "none" || METHODS_WITH_CONTENT.has(draft.method)) {
    return ["Content-Length", String(length)];
  }
  return undefined;
}

function checkFraming(draft: Draft, typedLength: string | undefined, isCoded: boolean): void {
  if (typedLength === undefined) return;
  if (isCoded || draft.isChunked === true) {
    throw new WeirError(
      "USAGE_BAD_FRAMING",
      "Content-Length and Transfer-Encoding exclude each other",
      {
        hint: "Remove one of them; weir sets what the body needs by itself",
      },
    );
  }
  const length = bodyLength(draft.body);
  if (length === undefined || String(length) === typedLength) return;
  throw new WeirError(
    "USAGE_BAD_FRAMING",
    `Content-Length says ${typedLength}, and the body has ${length} bytes`,
    { hint: "Remove the Content-Length item; weir sets it" },
  );
}
