import type { HopRequest, ResponseHead } from "../http/exchange.ts";
import type { HeaderList } from "../http/headers.ts";
import type { AuthScheme, Credential } from "./scheme.ts";

/** The credentials of one client, asked hop by hop. */
export interface CredentialStore {
  /** Returns header lines for this hop; they replace lines of the same name. */
  dress(request: HopRequest): Promise<HeaderList>;
  /** Returns header lines that answer a 401, undefined when there is no answer. Asked once a hop. */
  answer(request: HopRequest, challenge: ResponseHead): Promise<HeaderList | undefined>;
}

/** The store of a client that was given no credential. */
export const noCredentials: CredentialStore = {
  dress: () => Promise.resolve([]),
  answer: () => Promise.resolve(undefined),
};

/** Returns a store that uses `credential` for the origin of the first request and no other. */
export function boundCredential(
  scheme: AuthScheme,
  credential: Credential,
  origin: string,
): CredentialStore {
  return {
    dress: (request) =>
      Promise.resolve(request.url.origin === origin ? scheme.apply(credential) : []),
    answer: (request, challenge) =>
      Promise.resolve(
        request.url.origin === origin ? scheme.answer?.(credential, request, challenge) : undefined,
      ),
  };
}
