import { Secret } from "../../base/secret.ts";
import type { Source } from "../source.ts";
import type { EntryUse, KeychainKind } from "./kind.ts";

/**
 * Returns an entry that sends its value as a bearer token, RFC 6750 section 2.1.
 *
 * @param fields what `NAME.FIELD` stands for, beside token and value
 */
export function bearerUse(
  token: Source,
  fields: Iterable<readonly [string, Source]> = [],
): EntryUse {
  return {
    headerNames: ["Authorization"],
    value: token,
    fields: new Map<string, Source>([["token", token], ["value", token], ...fields]),
    async credential(open) {
      const value = new Secret(`Bearer ${(await open(token)).open()}`);
      return { headers: [["Authorization", value]], query: [] };
    },
  };
}

/** A bearer token. */
export const bearer: KeychainKind = {
  name: "bearer",
  summary: "token, sent as Authorization: Bearer",
  keys: ["token"],
  aliases: { token: "value" },
  compile: (fields) => bearerUse(fields.reference("token")),
};
