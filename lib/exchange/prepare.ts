import { WeirError } from "../base/errors.ts";
import { bodyLength } from "../http/body.ts";
import type { Draft } from "../http/draft.ts";
import type { SentRequest } from "../http/exchange.ts";
import type { HeaderEntry, HeaderList } from "../http/headers.ts";
import {
  checkHeader,
  hasHeader,
  headerValue,
  isSameName,
  withoutHeaders,
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
  for (const [name, value] of draft.headers) checkHeader(name, value);
  const own = withoutHeaders(draft.headers, ["host"]);
  const headers = [...hostLine(draft), ...defaultLines(draft), ...own, ...framing(draft)];
  return {
    method: draft.method,
    url: draft.url,
    target: draft.target ?? draft.url.pathname + draft.url.search,
    headers,
    body: draft.body,
  };
}

function hostLine(draft: Draft): HeaderList {
  const typed = draft.headers.filter(([name]) => isSameName(name, "host"));
  if (typed.length > 0) return typed;
  return draft.unset.includes("host") ? [] : [["Host", draft.url.host]];
}

function defaultLines(draft: Draft): HeaderList {
  return draft.defaults.filter(
    ([name]) => !hasHeader(draft.headers, name) && !draft.unset.includes(name.toLowerCase()),
  );
}

/** Returns the lines that frame the body, RFC 9112 section 6. */
function framing(draft: Draft): readonly HeaderEntry[] {
  const typedLength = headerValue(draft.headers, "content-length");
  const isCoded = hasHeader(draft.headers, "transfer-encoding");
  checkFraming(draft, typedLength, isCoded);
  if (typedLength !== undefined || isCoded) return [];
  const length = bodyLength(draft.body);
  if (length === undefined || (draft.isChunked === true && draft.body.kind !== "none")) {
    return [["Transfer-Encoding", "chunked"]];
  }
  if (draft.unset.includes("content-length")) return [];
  if (length > 0 || draft.body.kind !== "none" || METHODS_WITH_CONTENT.has(draft.method)) {
    return [["Content-Length", String(length)]];
  }
  return [];
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
