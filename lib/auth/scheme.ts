import type { HopRequest, ResponseHead } from "../http/exchange.ts";
import type { HeaderList } from "../http/headers.ts";
import type { Secret } from "../base/secret.ts";

/** What a scheme needs to know; which parts it uses is its own affair. */
export interface Credential {
  readonly user?: string | undefined;
  readonly secret: Secret;
}

/** A way of proving who asks, RFC 9110 section 11. */
export interface AuthScheme {
  /** The word after --auth-type. */
  readonly name: string;
  /** One line for the help. */
  readonly summary: string;
  /** Reads the value of --auth; throws AUTH_INVALID. `user:` alone means an empty password. */
  parse(text: string): Credential;
  /** Returns the lines that go with every request to the credential's origin. */
  apply(credential: Credential): HeaderList;
  /** Returns the lines that answer a 401; absent when the scheme knows only one way. */
  answer?(
    credential: Credential,
    request: HopRequest,
    head: ResponseHead,
  ): Promise<HeaderList | undefined>;
}
