import { utf8 } from "../../base/bytes.ts";
import { Secret } from "../../base/secret.ts";
import { badEntry } from "../problem.ts";
import type { KeychainKind } from "./kind.ts";

/** User and password with UTF-8 text, RFC 7617. */
export const basic: KeychainKind = {
  name: "basic",
  summary: "user and password, sent as Authorization: Basic",
  keys: ["user", "password"],
  compile(fields) {
    const user = fields.openReference("user");
    const password = fields.reference("password");
    return {
      headerNames: ["Authorization"],
      value: password,
      async credential(open) {
        const secret = await open(password);
        // A name that is written down is no secret: masking it would hide ordinary text.
        const name = (user.kind === "literal" ? user.value : await open(user)).open();
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
