import type { Body } from "./body.ts";
import type { HeaderList } from "./headers.ts";

/**
 * A request being built. Immutable: change it by copy, and never change `url` in place.
 *
 * Cookies and credentials are not part of it: each hop is dressed with them when it is sent.
 */
export interface Draft {
  /** Upper-case token. */
  readonly method: string;
  /** Absolute http or https URL without userinfo and fragment. */
  readonly url: URL;
  /** Request target to send as it is typed, in place of the path and query of `url`. */
  readonly target?: string | undefined;
  /** Lines the user set, in the order typed. A later line does not replace an earlier one. */
  readonly headers: HeaderList;
  /** Lines sent unless `headers` sets, or `unset` names, the same header. */
  readonly defaults: HeaderList;
  /** Names, in lower case, of default headers that must not be sent. */
  readonly unset: readonly string[];
  readonly body: Body;
  /** True: a body with a known length is sent with Transfer-Encoding chunked all the same. */
  readonly isChunked?: boolean | undefined;
}
