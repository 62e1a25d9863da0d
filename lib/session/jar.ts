import type { CookieJar, SerializedCookieJar } from "tough-cookie";
import type { ResponseHead } from "../http/exchange.ts";
import { hasHeader, type HeaderList, headerValues } from "../http/headers.ts";

/** Cookies as a session file keeps them. */
export type SavedCookies = SerializedCookieJar;

/**
 * The cookies of one client, in memory.
 *
 * RFC 6265bis through tough-cookie, which is loaded when the first cookie arrives: a request
 * without cookies does not pay for it.
 */
export class MemoryJar {
  readonly #saved: SavedCookies | undefined;
  #jar: CookieJar | undefined;

  /** @param saved cookies to begin with */
  constructor(saved?: SavedCookies) {
    this.#saved = saved;
  }

  /** Returns the value of the Cookie header for `url`, undefined when no cookie applies. */
  cookiesFor(url: URL): Promise<string | undefined> | undefined {
    return this.#jar === undefined && this.#saved === undefined ? undefined : this.#find(url);
  }

  /** Takes the Set-Cookie lines of a response from `url`; lines that are not valid are left out. */
  remember(url: URL, { headers }: ResponseHead): Promise<void> | undefined {
    return hasHeader(headers, "set-cookie") ? this.#keep(url, headers) : undefined;
  }

  /** Returns what is to be kept for the next run, undefined when there never was a cookie. */
  save(): SavedCookies | undefined {
    return this.#jar?.serializeSync() ?? this.#saved;
  }

  async #find(url: URL): Promise<string | undefined> {
    const text = await (await this.#open()).getCookieString(url.href);
    return text === "" ? undefined : text;
  }

  async #keep(url: URL, headers: HeaderList): Promise<void> {
    const jar = await this.#open();
    for (const line of headerValues(headers, "set-cookie")) {
      // A server's bad cookie is its own problem: RFC 6265 section 5.3 says to ignore it.
      await jar.setCookie(line, url.href, { ignoreError: true });
    }
  }

  async #open(): Promise<CookieJar> {
    if (this.#jar !== undefined) return this.#jar;
    const { CookieJar } = await import("tough-cookie");
    this.#jar =
      this.#saved === undefined ? new CookieJar() : CookieJar.deserializeSync(this.#saved);
    return this.#jar;
  }
}
