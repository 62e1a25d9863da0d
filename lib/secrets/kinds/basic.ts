import { utf8 } from "../../base/bytes.ts";
import { Secret } from "../../base/secret.ts";
import { badEntry } from "../problem.ts";
import type { Source } from "../source.ts";
import type { EntryFields } from "../fields.ts";
import type { KeychainKind } from "./kind.ts";

/** Returns user and password of an entry, and the fields that stand for them. */
export function readLogin(fields: EntryFields) {
  const user = fields.openReference("user");
  const password = fields.reference("password");
  const named = new Map<string, Source>([
    ["user", user],
    ["username", user],
    ["password", password],
  ]);
  return { user, password, fields: named };
}

/** User and password with UTF-8 text, RFC 7617. */
export const basic: KeychainKind = {
  name: "basic",
  summary: "user and password, sent as Authorization: Basic",
  keys: ["user", "password"],
  aliases: { user: "username" },
  compile(fields) {
    const { user, password, fields: named } = readLogin(fields);
    return {
      headerNames: ["Authorization"],
      value: password,
      fields: named,
      async credential(open) {
        const secret = await open(password);
        const name = (await open(user)).open();
        if (name.includes(":")) {
          const hint = "Everything after the first colon would be read as the password";
          throw badEntry(fields.pathOf("user"), "has a colon", hint);
        }
        const pair = new Secret(utf8(`${name}:${secret.open()}`).toBase64());
        // Learnt whole: a short password has no spelling of its own to look for.
        await open({ kind: "literal", value: pair });
        return { headers: [["Authorization", new Secret(`Basic ${pair.open()}`)]], query: [] };
      },
    };
  },
};
