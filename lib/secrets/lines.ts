import type { Secret } from "../base/secret.ts";
import type { HeaderList } from "../http/headers.ts";

/** A name with the value that goes with it. */
export type SecretLine = readonly [name: string, value: Secret];

/** What a request is dressed with. */
export interface Credential {
  /** Header lines; they replace lines of the same name. */
  readonly headers: readonly SecretLine[];
  /** Query parameters; they replace parameters of the same name. */
  readonly query: readonly SecretLine[];
}

/** Returns the lines with their values open, for the request that is sent next. */
export function openLines(lines: readonly SecretLine[]): HeaderList {
  return lines.map(([name, value]) => [name, value.open()]);
}

/** Returns `url` with the parameters of a credential in place of those of the same name. */
export function withQuery(url: URL, query: readonly SecretLine[]): URL {
  if (query.length === 0) return url;
  const names = new Set(query.map(([name]) => name));
  // Piece by piece: URLSearchParams would write the other parameters in its own way.
  const others = url.search
    .slice(1)
    .split("&")
    .filter((pair) => pair !== "" && !names.has([...new URLSearchParams(pair).keys()][0] ?? ""));
  const own = query.map(([name, value]) =>
    new URLSearchParams({ [name]: value.open() }).toString(),
  );
  const dressed = new URL(url);
  dressed.search = [...others, ...own].join("&");
  return dressed;
}
