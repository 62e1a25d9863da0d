import { readLogin } from "./basic.ts";
import type { KeychainKind } from "./kind.ts";

/** User and password that answer a 401, RFC 7616; the room `auth` knows how. */
export const digest: KeychainKind = {
  name: "digest",
  summary: "user and password, proven without being sent",
  keys: ["user", "password"],
  aliases: { user: "username" },
  compile(fields) {
    const { user, password, fields: named } = readLogin(fields);
    return {
      headerNames: ["Authorization"],
      value: password,
      fields: named,
      login: { user, password },
      credential: () => Promise.resolve({ headers: [], query: [] }),
    };
  },
};
