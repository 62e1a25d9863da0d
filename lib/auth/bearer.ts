import { WeirError } from "../base/errors.ts";
import { Secret } from "../base/secret.ts";
import type { AuthScheme } from "./scheme.ts";

/** Bearer tokens, RFC 6750 section 2.1. */
export const bearer: AuthScheme = {
  name: "bearer",
  summary: "a token in every request",
  parse(text) {
    if (text !== "") return { secret: new Secret(text) };
    throw new WeirError("AUTH_INVALID", "The bearer token is empty", {
      hint: "Write --auth-type bearer --auth TOKEN",
    });
  },
  apply: ({ secret }) => [["Authorization", `Bearer ${secret.open()}`]],
};
