import { Secret } from "../../base/secret.ts";
import type { Reference } from "../reference.ts";
import type { EntryUse, KeychainKind } from "./kind.ts";

/** Returns an entry that sends its value as a bearer token, RFC 6750 section 2.1. */
export function bearerUse(token: Reference): EntryUse {
  return {
    headerNames: ["Authorization"],
    value: token,
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
  compile: (fields) => bearerUse(fields.reference("token")),
};
