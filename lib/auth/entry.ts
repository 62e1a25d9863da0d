import type { HopRequest, ResponseHead } from "../http/exchange.ts";
import { type Keychain } from "../secrets/keychain.ts";
import { openLines, withQuery } from "../secrets/lines.ts";
import { Opening } from "../secrets/opener.ts";
import { checkReplayable, type Dressing } from "./bound.ts";
import { digest } from "./digest.ts";

/** Dresses hops with entries of the keychain: lines, parameters, and what answers a 401. */
export class EntryDresser {
  readonly #keychain: Keychain;
  /** What was opened for a hop, to be renewed when the server refuses it. */
  readonly #openings = new WeakMap<HopRequest, Opening>();

  constructor(keychain: Keychain) {
    this.#keychain = keychain;
  }

  /**
   * Returns the lines and the URL of a hop with an entry in them.
   *
   * @throws {WeirError} SECRET_UNBOUND when the entry is not for this URL, SECRET_UNRESOLVED,
   *   SECRET_EXPOSED or TOKEN_* when it has no value
   */
  async dress(name: string, hop: HopRequest): Promise<Dressing> {
    const opening = new Opening(hop.url);
    const credential = await this.#keychain.credentialFor(name, hop.url, opening);
    this.#openings.set(hop, opening);
    const { headers, query } = credential;
    const url = query.length === 0 ? undefined : withQuery(hop.url, query);
    return { lines: openLines(headers), url };
  }

  /**
   * Returns what answers a 401: a digest, or the entry with a renewed value; undefined for neither.
   *
   * @throws {WeirError} AUTH_BODY for a body that cannot be sent again, what a renewal throws
   */
  async answer(
    name: string,
    hop: HopRequest,
    challenge: ResponseHead,
  ): Promise<Dressing | undefined> {
    const login = await this.#keychain.loginFor(name, hop.url);
    if (login !== undefined) {
      const lines = await digest.answer?.(login, hop, challenge);
      if (lines === undefined) return undefined;
      checkReplayable(hop);
      return { lines };
    }
    const opening = this.#openings.get(hop);
    if (opening === undefined || !(await this.#keychain.renew(opening))) return undefined;
    checkReplayable(hop);
    return await this.dress(name, hop);
  }
}
