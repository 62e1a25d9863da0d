import type { ResponseHead, SentRequest } from "../http/exchange.ts";
import type { HeaderEntry, HeaderList } from "../http/headers.ts";
import type { Painter, Role } from "./color.ts";

/**
 * Returns what may be shown in place of a value.
 *
 * `name` is the name of the header, `:path` for the request target, or `:body` for the text of a
 * request body.
 */
export type Mask = (name: string, value: string) => string;

/** The mask of somebody who may see everything. */
export const showAsIs: Mask = (_name, value) => value;

/** How a head is printed. */
export interface HeadOptions {
  readonly painter: Painter;
  /** True: header lines are sorted by name; lines of one name keep their order. */
  readonly isSorted: boolean;
  /** Makes one line from a server safe. */
  readonly clean: (line: string) => string;
  readonly lineEnd: "\n" | "\r\n";
}

/** Returns request line and headers as they were sent, ending in an empty line. */
export function renderRequestHead(
  request: SentRequest,
  options: HeadOptions,
  mask: Mask = showAsIs,
): string {
  const { painter } = options;
  const target = mask(":path", request.target);
  const line = [
    painter.paint("method", shownLine(request.method, options)),
    painter.paint("target", shownLine(target, options)),
    painter.paint("protocol", "HTTP/1.1"),
  ].join(" ");
  const headers = request.headers.map(([name, value]) => [name, mask(name, value)] as const);
  return renderLines(line, headers, options);
}

/** Returns status line and headers as they were received, ending in an empty line. */
export function renderResponseHead(head: ResponseHead, options: HeadOptions): string {
  const { painter } = options;
  const protocol = painter.paint("protocol", shownLine(`HTTP/${head.httpVersion}`, options));
  const status = shownLine(`${head.status} ${head.reason}`.trimEnd(), options);
  return renderLines(
    `${protocol} ${painter.paint(roleOfStatus(head.status), status)}`,
    head.headers,
    options,
  );
}

/** Returns the role of a status code by its class, RFC 9110 section 15. */
function roleOfStatus(status: number): Role {
  if (status < 200) return "informational";
  if (status < 300) return "success";
  if (status < 400) return "redirect";
  return status < 500 ? "clientError" : "serverError";
}

function renderLines(first: string, headers: HeaderList, options: HeadOptions): string {
  const { painter, isSorted, lineEnd } = options;
  const lines = (isSorted ? headers.toSorted(byName) : headers).map(
    ([name, value]) =>
      `${painter.paint("headerName", shownLine(name, options))}: ${shownLine(value, options)}`,
  );
  return [first, ...lines, "", ""].join(lineEnd);
}

/** Whatever a value holds, one header stays one line: a forged line would look like another header. */
function shownLine(text: string, { clean }: HeadOptions): string {
  return clean(text)
    .replaceAll("\r", String.raw`\x0d`)
    .replaceAll("\n", String.raw`\x0a`);
}

function byName([one]: HeaderEntry, [other]: HeaderEntry): number {
  const [left, right] = [one.toLowerCase(), other.toLowerCase()];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
