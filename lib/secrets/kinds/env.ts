import { parseReference } from "../reference.ts";
import { bearerUse } from "./bearer.ts";
import type { KeychainKind } from "./kind.ts";

/** The value of an environment variable; as a credential it is a bearer token. */
export const envValue: KeychainKind = {
  name: "env",
  summary: "variable (or name), an environment variable",
  keys: ["variable"],
  // In the list of a pipeline file, name is the name of the entry.
  aliases: { variable: "name" },
  compile(fields) {
    const place = { ...fields.placeOf("variable"), isBareAllowed: false };
    return bearerUse(parseReference(`env:${fields.text("variable")}`, place));
  },
};
