import { utf8 } from "../base/bytes.ts";
import { WeirError } from "../base/errors.ts";
import { Secret } from "../base/secret.ts";
import type { AuthScheme } from "./scheme.ts";

/** Basic authentication with UTF-8 text, RFC 7617. */
export const basic: AuthScheme = {
  name: "basic",
  summary: "user and password in every request",
  parse(text) {
    const colon = text.indexOf(":");
    if (colon < 0) {
      throw new WeirError("AUTH_INVALID", "Basic authentication needs a user and a password", {
        hint: "Write --auth USER:PASSWORD; USER: stands for an empty password",
      });
    }
    return { user: text.slice(0, colon), secret: new Secret(text.slice(colon + 1)) };
  },
  apply: ({ user = "", secret }) => [
    ["Authorization", `Basic ${utf8(`${user}:${secret.open()}`).toBase64()}`],
  ],
};
