import type { CookieJar } from "tough-cookie";
import type { ResponseHead } from "../http/exchange.ts";
import { headerValues } from "../http/headers.ts";

/**
 * The cookies of one client, in memory.
 *
 * RFC 6265bis through tough-cookie, which is loaded when the first Set-Cookie arrives: a request
 * without cookies does not pay for it.
 */
export class MemoryJar {
  #jar: CookieJar | undefined;

  /** Returns the value of the Cookie header for `url`, undefined when no cookie applies. */
  async cookiesFor(url: URL): Promise<string | undefined> {
    const text = await this.#jar?.getCookieString(url.href);
    return text === "" ? undefined : text;
  }

  /** Takes the Set-Cookie lines of a response from `url`; lines that are not valid are left out. */
  async remember(url: URL, head: ResponseHead): Promise<void> {
    const lines = headerValues(head.headers, "set-cookie");
    if (lines.length === 0) return;
    this.#jar ??= new (await import("tough-cookie")).CookieJar();
    for (const line of lines) {
      // A server's bad cookie is its own problem: RFC 6265 section 5.3 says to ignore it.
      await this.#jar.setCookie(line, url.href, { ignoreError: true });
    }
  }
}
