import { WeirError } from "../base/errors.ts";
import type { HopRequest, ResponseHead } from "../http/exchange.ts";
import type { Body } from "../http/body.ts";
import { hasHeader, type HeaderList, withoutHeaders } from "../http/headers.ts";
import type { AuthScheme, Credential } from "./scheme.ts";

/** What a hop is dressed with. */
export interface Dressing {
  /** They replace lines of the same name. */
  readonly lines: HeaderList;
  /** Names of lines that are not sent with this hop: what they hold is not meant for it. */
  readonly dropped?: readonly string[] | undefined;
  /** The body with the secrets it refers to; undefined when it stays as it is. */
  readonly body?: Body | undefined;
  /** The URL with the parameters of a credential; undefined when it stays as it is. */
  readonly url?: URL | undefined;
}

/** The credentials of one client, asked hop by hop. */
export interface CredentialStore {
  /** Returns what belongs to this hop. */
  dress(request: HopRequest): Promise<Dressing> | Dressing;
  /**
   * Returns what answers a 401, over what the hop was dressed with; undefined when there is no
   * answer. Asked once a hop, with the request that `dress` was given.
   */
  answer(request: HopRequest, challenge: ResponseHead): Promise<Dressing | undefined>;
}

const UNDRESSED: Dressing = { lines: [] };

/** The store of a client that was given no credential. */
export const noCredentials: CredentialStore = {
  dress: () => UNDRESSED,
  answer: () => Promise.resolve(undefined),
};

/**
 * Returns a store that uses `credential` for the origin of the first request and no other. It takes
 * the place of an Authorization the request has, as HTTPie's does: there is never more than one.
 */
export function boundCredential(
  scheme: AuthScheme,
  credential: Credential,
  origin: string,
): CredentialStore {
  const isMeant = ({ url }: HopRequest): boolean => url.origin === origin;
  return {
    dress: (request) => ({ lines: isMeant(request) ? scheme.apply(credential) : [] }),
    answer: async (request, head) => {
      if (!isMeant(request)) return undefined;
      const lines = await scheme.answer?.(credential, request, head);
      if (lines === undefined) return undefined;
      checkReplayable(request);
      return { lines };
    },
  };
}

/**
 * Returns a store that sends an Authorization to `origin`, in place of one the request has, and does
 * what `base` does, which is shown it: placeholders in it are opened like those of other headers.
 */
export function withAuthorization(
  base: CredentialStore,
  value: string,
  origin: string,
): CredentialStore {
  const line = ["Authorization", value] as const;
  return {
    async dress(request) {
      if (request.url.origin !== origin) return await base.dress(request);
      const headers = [...withoutHeaders(request.headers, ["authorization"]), line];
      const dressing = await base.dress({ ...request, headers });
      if (hasHeader(dressing.lines, "authorization")) return dressing;
      return { ...dressing, lines: [...dressing.lines, line] };
    },
    answer: (request, head) => base.answer(request, head),
  };
}

/**
 * Throws for a request that cannot be sent a second time, with the answer to a 401.
 *
 * @throws {WeirError} AUTH_BODY
 */
export function checkReplayable({ body, url }: HopRequest): void {
  if (body.kind !== "stream" || body.replayable) return;
  const message = `${url.host} asks who sends a body that can be read only once`;
  throw new WeirError("AUTH_BODY", message, {
    hint: "Save the body to a file and send it with @FILE",
  });
}
