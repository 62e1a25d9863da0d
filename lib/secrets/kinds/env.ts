import { parseReference } from "../reference.ts";
import { bearerUse } from "./bearer.ts";
import type { KeychainKind } from "./kind.ts";

/** The value of an environment variable; as a credential it is a bearer token. */
export const envValue: KeychainKind = {
  name: "env",
  summary: "name of an environment variable",
  keys: ["name"],
  compile(fields) {
    const place = { path: fields.pathOf("name"), isBareAllowed: false };
    return bearerUse(parseReference(`env:${fields.text("name")}`, place));
  },
};
